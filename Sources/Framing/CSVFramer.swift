/// How a CSV file is framed.
public struct CSVOptions: Sendable {
    /// The byte between fields.
    public let delimiter: UInt8
    /// Longest payload in bytes, at least 1.
    public let maxRecordBytes: Int
    /// Most fields of a record, at least 1.
    public let maxFields: Int
    /// Bytes read at a time.
    package var chunkBytes = 256 << 10

    /// - Precondition: ``isDelimiter(_:)``, and limits of at least 1.
    public init(delimiter: UInt8 = UInt8(ascii: ","), maxRecordBytes: Int = 1 << 20, maxFields: Int = 1024) {
        precondition(Self.isDelimiter(delimiter), "a delimiter is ASCII and neither NUL, quote, CR nor LF")
        precondition(maxRecordBytes > 0 && maxFields > 0, "limits are at least 1")
        self.delimiter = delimiter
        self.maxRecordBytes = maxRecordBytes
        self.maxFields = maxFields
    }

    /// Whether a byte can stand between fields: ASCII, and neither NUL, quote, CR nor LF.
    public static func isDelimiter(_ byte: UInt8) -> Bool {
        byte != 0 && byte < 0x80 && byte != Byte.quote && byte != Byte.cr && byte != Byte.lf
    }
}

/// Frames CSV (RFC 4180) into records and states facts of their bytes; it judges nothing.
///
/// - LF, CR LF and a lone CR each end a record outside quotes. Blank lines are skipped, and count as lines.
/// - A field that *begins* with a quote is quoted: a doubled quote is one quote, line ends are text. Elsewhere a quote is
///   a literal byte.
/// - A record whose quotes are broken costs one physical line: that line is a record with `strayQuote` or `openQuote`,
///   framing resumes at the next. A quote counts as open when the file ends or the record limit is passed inside the
///   field, with a line end within.
/// - A record above the limit otherwise is `recordTooLarge`: its first 4,096 bytes (or as many as the limit allows) are
///   the payload, and the rest is skipped to the first line end.
///
/// Memory: about twice the record limit at most, once the file has records that long, whatever its size.
///
/// Work: see `CSVFramer+Quotes.swift` for why open quotes cannot make it quadratic.
public struct CSVFramer: ~Copyable {
    public let options: CSVOptions
    var window: Window
    /// The record limit in force: the header's, then that of the options.
    var limit: Int
    var names: [String]?
    /// Why there is no header; final.
    var unreadable: UnreadableFile?
    var isOpen = false
    /// Ordinal of the record given out last.
    var position: Int64 = 0
    /// The physical line at `window.start`.
    var line: Int64 = 1
    /// The last line ended in CR at the end of what was buffered; an LF that follows belongs to it.
    var owesLF = false
    /// The rest of a record that was too large is still to be skipped.
    var skipsLine = false
    var parse = QuoteParse()
    var memo = QuoteMemo()

    static let excerptBytes = 4096

    public init(_ source: consuming some ByteSource & ~Copyable, options: CSVOptions = CSVOptions()) {
        self.options = options
        limit = options.maxRecordBytes
        let longest = max(options.maxRecordBytes, Self.maxHeaderBytes) + 1
        window = Window(SourceBox(source), longest: longest, chunk: options.chunkBytes)
    }

    /// Plain bytes taken from the source so far, at the end the size of the file.
    public var bytesRead: Int64 { window.bytesRead }

    /// Bytes looked at, each pass counted.
    package var bytesScanned: Int64 { window.scanned + parse.scanned }

    /// Bytes of memory held in buffers.
    package var bufferedBytes: Int { window.capacity + parse.scratchCapacity }

    /// The next record, nil at the end. Reads the header first if nobody has.
    /// - Throws: what the source throws, and what ``header()`` throws.
    public mutating func next() throws -> FramedRecord? {
        if names == nil { _ = try header() }
        return try frame()
    }

    /// Frames and drops records, to resume a file of which the first `records` are loaded.
    /// - Throws: ``UnreadableFile`` `resume_past_end` if there are fewer; else as ``next()``.
    public mutating func skip(records: Int64) throws {
        for _ in 0..<max(0, records) {
            guard try next() != nil else { throw UnreadableFile.resumePastEnd(records) }
        }
    }

    mutating func frame() throws -> FramedRecord? {
        if skipsLine { try skipLine() }
        while true {
            if owesLF { try settleLF() }
            let start = window.start
            var length = min(window.nextLF(), window.nextCR()) - start
            if length == window.end - start {
                length = try bufferLine()
                if window.start == window.end { return nil }
            }
            if length > 0 { return try frame(length: length) }
            line += 1
            passLineEnd(at: window.start)
        }
    }

    /// No line end is buffered: reads until there is one, or the limit is passed, or the file ends. The line's length.
    private mutating func bufferLine() throws -> Int {
        while true {
            let buffered = window.end - window.start
            let length = min(window.nextLF(), window.nextCR()) - window.start
            if length < buffered || length > limit { return length }
            if try !window.fill() { return buffered }
        }
    }

    /// Frames the record that begins with a physical line of `length` > 0 bytes: a line end or the end of the file
    /// follows, unless it is above the limit.
    @inline(__always)
    private mutating func frame(length: Int) throws -> FramedRecord {
        if length > limit { return emitTooLarge(passing: limit + 1) }
        let end = window.start + length
        if window.nextQuote() < end { return try frameQuoted(firstLine: length) }
        return emit(length: length, lines: 1, defect: defectOfPlain(to: end), fields: nil)
    }

    @inline(__always)
    private mutating func defectOfPlain(to end: Int) -> Defect? {
        // n bytes hold n + 1 fields at most.
        if end - window.start >= options.maxFields, tooManyDelimiters(to: end) { return .tooManyFields }
        return window.byteDefect(to: end)
    }

    private mutating func tooManyDelimiters(to end: Int) -> Bool {
        window.scanned += Int64(end - window.start)
        return window.text.count(options.delimiter, window.start, end) >= options.maxFields
    }

    // MARK: Giving out

    /// Gives out `length` bytes at the start and moves past them and their line end.
    @inline(__always)
    mutating func emit(length: Int, lines: Int, defect: Defect?, fields: FieldList?) -> FramedRecord {
        let start = window.start
        position += 1
        let record = FramedRecord(
            position: position, line: line, payload: window.slice(start, start + length), defect: defect, fields: fields
        )
        line += Int64(lines)
        passLineEnd(at: start + length)
        return record
    }

    /// Gives out the beginning of a record above the limit; what is left of it behind `passing` bytes is skipped by the
    /// next call, so that the payload stays where it is until then.
    mutating func emitTooLarge(passing: Int) -> FramedRecord {
        let start = window.start
        position += 1
        let record = FramedRecord(
            position: position, line: line, payload: window.slice(start, start + min(limit, Self.excerptBytes)),
            defect: .recordTooLarge, fields: nil)
        window.scanned += Int64(passing)
        line += Int64(window.text.countLineEnds(start, start + passing))
        window.start += passing
        skipsLine = true
        return record
    }

    // MARK: Line ends

    /// Moves the start behind the line end at `index`, or to the end of the file when there is none.
    @inline(__always)
    private mutating func passLineEnd(at index: Int) {
        if index == window.end {
            window.start = index
        } else if window.text[index] == Byte.cr {
            if index + 1 == window.end {
                owesLF = true
                window.start = index + 1
            } else {
                window.start = index + (window.text[index + 1] == Byte.lf ? 2 : 1)
            }
        } else {
            window.start = index + 1
        }
    }

    private mutating func settleLF() throws {
        if window.start == window.end, try !window.fill() {
            owesLF = false
            return
        }
        owesLF = false
        if window.text[window.start] == Byte.lf { window.start += 1 }
    }

    private mutating func skipLine() throws {
        while true {
            let next = min(window.nextLF(), window.nextCR())
            window.start = next
            if next < window.end {
                line += 1
                passLineEnd(at: next)
                break
            }
            if try !window.fill() { break }
        }
        skipsLine = false
    }
}

extension UnreadableFile {
    static func resumePastEnd(_ records: Int64) -> UnreadableFile {
        UnreadableFile(
            code: "resume_past_end", reason: "the file has fewer records than the \(records) that were loaded before",
            hint: "check that it is the same file")
    }
}
