import Glibc

// Records with a quote in their first physical line.
//
// Why the work is linear. A record is given up (openQuote, strayQuote) after up to a whole window of bytes, yet only its
// first line is consumed, so a naive framer reads the window again for each of a million lines that begin with an open
// quote. But inside quotes what comes next does not depend on where the record began: the given-up record was inside
// quotes at every line end it passed, and a later record that reaches one of these line ends inside quotes takes the same
// way from there. So `memo` keeps the stretch that was passed inside quotes and how it ended, and the later record jumps
// to its end. Each byte is thus read at most once for the line ends, once for the first line of its record, once inside
// quotes past a first line, and once or twice more when its record is given out (its fields, after a jump, and its line
// ends and bytes).

/// From the line end `from` to `to` (offsets in the file) everything is inside quotes; at `to` stands a quote out of
/// place (`stray`), or the framer had to stop there, still inside.
struct QuoteMemo {
    var from: Int64 = 0
    var to: Int64 = 0
    var stray = false
}

/// Where the parse of one record stands, and the fields found so far; buffers are reused.
struct QuoteParse: ~Copyable {
    enum Place { case fieldStart, unquoted, quoted, closed }
    enum Stop { case limit, lineEnd, stray }

    /// Offsets from the record's beginning.
    var cursor = 0
    private var fieldBegin = 0
    private(set) var place = Place.fieldStart
    private var doubled = false
    private(set) var count = 0
    private(set) var hasQuoted = false
    private var hasDoubled = false
    var scanned: Int64 = 0

    private var spans = UnsafeMutablePointer<FieldList.Span>.allocate(capacity: 64)
    private var capacity = 64
    private var scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
    private(set) var scratchCapacity = 1

    deinit {
        spans.deallocate()
        scratch.deallocate()
    }

    mutating func reset() {
        cursor = 0
        place = .fieldStart
        count = 0
        hasQuoted = false
        hasDoubled = false
    }

    /// Continues inside quotes at another place; the fields are no longer complete.
    mutating func jump(to cursor: Int) { self.cursor = cursor }

    /// Goes on to `limit` bytes of the record.
    /// - Parameters:
    ///   - final: the byte at `limit` is a line end or lies behind the end of the file, so a quote before it closes.
    ///   - lines: there may be line ends before `limit`.
    mutating func advance(
        _ text: UnsafePointer<UInt8>, to limit: Int, final: Bool, lines: Bool, delimiter: UInt8, maxFields: Int
    ) -> Stop {
        let began = cursor
        var index = cursor
        defer {
            cursor = index
            scanned += Int64(index - began)
        }
        while true {
            switch place {
            case .fieldStart:
                if index == limit { return .limit }
                if text[index] == Byte.quote {
                    index += 1
                    place = .quoted
                    doubled = false
                    hasQuoted = true
                } else {
                    place = .unquoted
                }
                fieldBegin = index
            case .unquoted:
                if lines {
                    while index < limit, text[index] != delimiter, text[index] != Byte.lf, text[index] != Byte.cr {
                        index &+= 1
                    }
                } else {
                    while index < limit, text[index] != delimiter { index &+= 1 }
                }
                if index == limit { return .limit }
                if text[index] != delimiter { return .lineEnd }
                push(to: index, maxFields)
                index += 1
                place = .fieldStart
            case .quoted:
                index = text.find(Byte.quote, index, limit)
                if index == limit { return .limit }
                if index + 1 == limit {
                    // Whether it closes hangs on the next byte: stay on it.
                    if !final { return .limit }
                    close(at: index, maxFields)
                    index += 1
                    return .limit
                }
                switch text[index + 1] {
                case Byte.quote:
                    doubled = true
                    index += 2
                case delimiter:
                    push(to: index, maxFields)
                    index += 2
                    place = .fieldStart
                case Byte.lf, Byte.cr:
                    close(at: index, maxFields)
                    index += 1
                    return .lineEnd
                default:
                    index += 1
                    return .stray
                }
            case .closed:
                return .lineEnd
            }
        }
    }

    /// The record ends at the cursor: takes its last field.
    mutating func finish(_ maxFields: Int) {
        switch place {
        case .fieldStart:
            fieldBegin = cursor
            doubled = false
            push(to: cursor, maxFields)
        case .unquoted:
            push(to: cursor, maxFields)
        case .quoted, .closed: break
        }
    }

    private mutating func close(at index: Int, _ maxFields: Int) {
        push(to: index, maxFields)
        place = .closed
    }

    private mutating func push(to end: Int, _ maxFields: Int) {
        count += 1
        if count > maxFields { return }
        if count > capacity { grow() }
        let unescaped = place == .quoted && doubled
        hasDoubled = hasDoubled || unescaped
        spans[count - 1] = FieldList.Span(start: fieldBegin, count: end - fieldBegin, unescaped: unescaped)
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<FieldList.Span>.allocate(capacity: 2 * capacity)
        larger.moveInitialize(from: spans, count: count - 1)
        spans.deallocate()
        spans = larger
        capacity *= 2
    }

    /// The fields of the finished record of `length` bytes at `text`.
    mutating func fields(_ text: UnsafePointer<UInt8>, length: Int) -> FieldList {
        if hasDoubled { undouble(text, length: length) }
        return FieldList(
            payload: UnsafeRawPointer(text), scratch: UnsafeRawPointer(scratch), spans: UnsafePointer(spans),
            count: count)
    }

    private mutating func undouble(_ text: UnsafePointer<UInt8>, length: Int) {
        if scratchCapacity < length {
            scratch.deallocate()
            scratchCapacity = max(length, min(2 * scratchCapacity, 1 << 20))
            scratch = .allocate(capacity: scratchCapacity)
        }
        var used = 0
        for field in 0..<count where spans[field].unescaped {
            let begin = used
            var index = spans[field].start
            let end = index + spans[field].count
            while index < end {
                // Up to and with the first quote of a pair; the second is left out.
                let stop = min(text.find(Byte.quote, index, end) + 1, end)
                memcpy(scratch + used, text + index, stop - index)
                used += stop - index
                index = stop + 1
            }
            scanned += Int64(spans[field].count)
            spans[field].start = begin
            spans[field].count = used - begin
        }
    }
}

extension CSVFramer {
    /// Frames a record whose first physical line (of `firstLine` bytes, at most the limit) holds a quote.
    mutating func frameQuoted(firstLine: Int) throws -> FramedRecord {
        parse.reset()
        if advance(to: firstLine, final: true, lines: false) == .stray { return giveUp(firstLine, .strayQuote) }
        if parse.place != .quoted { return emitParsed(lines: 1) }
        // Inside quotes at the end of the first line.
        let lineEnd = window.offset + Int64(window.start + firstLine)
        if window.start + firstLine == window.end { return giveUp(firstLine, .openQuote) }
        var jumped = false
        if lineEnd >= memo.from, lineEnd < memo.to {
            if memo.stray { return giveUp(firstLine, .strayQuote) }
            parse.jump(to: Int(memo.to - window.offset) - window.start)
            jumped = true
        }
        while true {
            let buffered = window.end - window.start
            let reach = min(buffered, limit + 1)
            let final = window.atEnd && buffered <= limit
            switch advance(to: reach, final: final, lines: true) {
            case .stray:
                remember(from: lineEnd, stray: true)
                return giveUp(firstLine, .strayQuote)
            case .lineEnd:
                return emitLong(jumped: jumped)
            case .limit:
                if reach <= limit, !final {
                    _ = try window.fill()
                } else if parse.place == .quoted {
                    remember(from: lineEnd, stray: false)
                    return giveUp(firstLine, .openQuote)
                } else {
                    return final ? emitLong(jumped: jumped) : emitTooLarge(passing: reach)
                }
            }
        }
    }

    private mutating func advance(to limit: Int, final: Bool, lines: Bool) -> QuoteParse.Stop {
        parse.advance(
            window.text + window.start, to: limit, final: final, lines: lines, delimiter: options.delimiter,
            maxFields: options.maxFields)
    }

    private mutating func remember(from lineEnd: Int64, stray: Bool) {
        memo = QuoteMemo(from: lineEnd, to: window.offset + Int64(window.start + parse.cursor), stray: stray)
    }

    /// The first physical line is a record by itself.
    private mutating func giveUp(_ firstLine: Int, _ defect: Defect) -> FramedRecord {
        emit(length: firstLine, lines: 1, defect: defect, fields: nil)
    }

    /// Gives out a record of several lines that ends at the cursor.
    private mutating func emitLong(jumped: Bool) -> FramedRecord {
        if jumped {
            let length = parse.cursor
            parse.reset()
            _ = advance(to: length, final: true, lines: true)
        }
        window.scanned += Int64(parse.cursor)
        return emitParsed(lines: 1 + window.text.countLineEnds(window.start, window.start + parse.cursor))
    }

    private mutating func emitParsed(lines: Int) -> FramedRecord {
        parse.finish(options.maxFields)
        let length = parse.cursor
        let defect = parse.count > options.maxFields ? .tooManyFields : window.byteDefect(to: window.start + length)
        let quoted = defect == nil && parse.hasQuoted
        return emit(
            length: length, lines: lines, defect: defect,
            fields: quoted ? parse.fields(window.text + window.start, length: length) : nil)
    }
}
