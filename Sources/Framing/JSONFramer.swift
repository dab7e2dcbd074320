/// How a file of JSON records is framed.
public struct JSONOptions: Sendable {
    /// Longest payload in bytes, at least 1.
    public let maxRecordBytes: Int
    /// Deepest nesting of objects and arrays in a record, 0 for scalars only.
    public let maxDepth: Int
    /// Most object members and array elements of a record, over all its levels.
    public let maxElements: Int
    /// Bytes read at a time.
    package var chunkBytes = 256 << 10

    /// - Precondition: `maxRecordBytes` is at least 1 and below 1 GiB, the other limits at least 0.
    public init(maxRecordBytes: Int = 1 << 20, maxDepth: Int = 32, maxElements: Int = 10_000) {
        precondition(maxRecordBytes > 0 && maxRecordBytes < 1 << 30, "a record is 1 byte to 1 GiB")
        precondition(maxDepth >= 0 && maxElements >= 0, "limits are not negative")
        self.maxRecordBytes = maxRecordBytes
        self.maxDepth = maxDepth
        self.maxElements = maxElements
    }
}

/// Frames a file of JSON records and states facts of their bytes; it judges nothing. A UTF-8 byte order mark is skipped.
///
/// A file whose first byte that is not blank is `[` is one JSON array, streamed: its elements are the records, see
/// `JSONFramer+Array.swift`. Any other is NDJSON: an LF ends a record (a CR before it is not part of it, but counts
/// against the limit), blank lines are skipped. A file without records is no error. Blanks before the very first record
/// are not part of it.
///
/// Lines are counted by LF. Records are checked by RFC 8259 and for what ``Defect`` lists; no recursion, time linear in
/// the bytes.
public struct JSONFramer: ~Copyable {
    enum Phase: Equatable {
        case fresh, lines
        /// Behind `[`: an element or `]`.
        case firstElement
        /// Behind a comma: an element.
        case element
        /// Behind an element: a comma or `]`.
        case separator
        /// In an element above the limit.
        case oversize
        /// Behind `]`.
        case tail
        case done
    }

    public let options: JSONOptions
    var window: Window
    var scanner: JSONScanner
    var phase = Phase.fresh
    private var isOpen = false
    /// Ordinal of the record given out last.
    var position: Int64 = 0
    /// The physical line at `window.start`.
    var line: Int64 = 1
    /// The rest of a line that was too long is still to be skipped.
    private var skipsLine = false
    /// Where an element above the limit stands.
    var tracker = ElementTracker()

    static let excerptBytes = 4096

    public init(_ source: consuming some ByteSource & ~Copyable, options: JSONOptions = JSONOptions()) {
        self.options = options
        window = Window(SourceBox(source), longest: options.maxRecordBytes + 1, chunk: options.chunkBytes)
        scanner = JSONScanner(maxDepth: options.maxDepth, maxElements: options.maxElements)
    }

    /// Plain bytes taken from the source so far. At the end the size of the file, unless that ended in garbage above the
    /// record limit behind an array's `]`.
    public var bytesRead: Int64 { window.bytesRead }

    /// Whether the records are the elements of one array; known once ``next()`` was called.
    public var isArray: Bool { phase != .fresh && phase != .lines }

    /// Bytes of memory held in buffers.
    package var bufferedBytes: Int { window.capacity + scanner.bufferedBytes }

    /// Bytes looked at, each pass counted.
    package var bytesScanned: Int64 { window.scanned + scanner.scanned + tracker.scanned }

    /// The next record, nil at the end.
    /// - Throws: what the source throws; ``UnreadableFile`` `utf16` or `utf32`.
    public mutating func next() throws -> FramedRecord? {
        if phase == .lines { return try nextLine() }
        if phase == .fresh {
            try open()
            return try next()
        }
        return try nextElement()
    }

    /// Frames and drops records, to resume a file of which the first `records` are loaded.
    /// - Throws: ``UnreadableFile`` `resume_past_end` if there are fewer; else as ``next()``.
    public mutating func skip(records: Int64) throws {
        for _ in 0..<max(0, records) {
            guard try next() != nil else { throw UnreadableFile.resumePastEnd(records) }
        }
    }

    /// Tells an array from NDJSON. The blanks before the first byte are skipped either way.
    private mutating func open() throws {
        if !isOpen { try window.openText() }
        isOpen = true
        guard try skipBlanks() else {
            phase = .lines
            return
        }
        if window.text[window.start] == Byte.openBracket {
            window.start += 1
            phase = .firstElement
        } else {
            phase = .lines
        }
    }

    /// Moves to the next byte that is not blank, counting lines; false at the end of the file.
    mutating func skipBlanks() throws -> Bool {
        while true {
            while window.start < window.end {
                let byte = window.text[window.start]
                if !isBlank(byte) { return true }
                if byte == Byte.lf { line += 1 }
                window.start += 1
            }
            if try !window.fill() { return false }
        }
    }

    // MARK: NDJSON

    private mutating func nextLine() throws -> FramedRecord? {
        if skipsLine { try skipLine() }
        while true {
            var end = window.nextLF()
            while end == window.end, end - window.start <= options.maxRecordBytes, try window.fill() {
                end = window.nextLF()
            }
            end = window.nextLF()  // the last fill may have moved it
            let start = window.start
            if start == window.end { return nil }
            if end - start > options.maxRecordBytes {
                skipsLine = true
                return emitTooLarge(passing: options.maxRecordBytes + 1)
            }
            let ended = end < window.end
            var stop = end
            if ended, stop > start, window.text[stop - 1] == Byte.cr { stop -= 1 }
            let defect = byteOrSyntaxDefect(to: stop)
            let isBlankLine = defect == .invalidJSON && blanks(start, stop)
            let record = isBlankLine ? nil : emit(length: stop - start, defect: defect)
            window.start = end + (ended ? 1 : 0)
            line += 1
            if let record { return record }
        }
    }

    private func blanks(_ from: Int, _ to: Int) -> Bool { (from..<to).allSatisfy { isBlank(window.text[$0]) } }

    private mutating func skipLine() throws {
        while true {
            window.start = window.nextLF()
            if window.start < window.end {
                window.start += 1
                line += 1
                break
            }
            if try !window.fill() { break }
        }
        skipsLine = false
    }

    /// What is wrong with the record that is all of [start, to).
    private mutating func byteOrSyntaxDefect(to end: Int) -> Defect? {
        if let defect = window.byteDefect(to: end) { return defect }
        return scanner.defect(window.text + window.start, end - window.start)
    }

    // MARK: Giving out

    /// Gives out `length` bytes at the start, which stays where it is.
    mutating func emit(length: Int, defect: Defect?) -> FramedRecord {
        position += 1
        return FramedRecord(
            position: position, line: line, payload: window.slice(window.start, window.start + length), defect: defect,
            fields: nil)
    }

    /// Gives out the beginning of a record above the limit and moves `passing` bytes on.
    mutating func emitTooLarge(passing: Int) -> FramedRecord {
        let record = emit(length: min(options.maxRecordBytes, Self.excerptBytes), defect: .recordTooLarge)
        pass(passing)
        return record
    }

    /// Moves `count` bytes on, counting lines.
    mutating func pass(_ count: Int) {
        let end = window.start + count
        if window.nextLF() < end {
            window.scanned += Int64(count)
            line += Int64(window.text.count(Byte.lf, window.start, end))
        }
        window.start = end
    }
}
