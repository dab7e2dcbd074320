// The elements of one array.
//
// - A well-formed element within the limits is a record, whatever else is wrong with the file.
// - A broken element is one record with its defect; `ElementTracker` tells where it ends.
// - An element above the record limit is one record, `recordTooLarge`, and is skipped to its end.
// - Nothing between two commas, before the first, or between a comma and `]`: a record of no bytes, `invalidJSON`.
// - A comma left out: the element behind the gap is one record with `invalidJSON`, up to its end.
// - Behind `]` anything but blanks is one record with `invalidJSON`, up to the end of the file.
// - No `]`: the element in which the file ends is a record with `invalidJSON` that goes to the end of the file; if the
//   file ends elsewhere, the last record is one of no bytes with `invalidJSON`. Records before it stand.
//
// A NUL byte or bad UTF-8 in any of these is named instead of `invalidJSON`.

extension JSONFramer {
    mutating func nextElement() throws -> FramedRecord? {
        if phase == .oversize, try !skipOversize() { phase = .done }
        while true {
            if phase == .done { return nil }
            guard try skipBlanks() else {
                let missesEnd = phase != .tail
                phase = .done
                return missesEnd ? emit(length: 0, defect: .invalidJSON) : nil
            }
            let byte = window.text[window.start]
            switch phase {
            case .tail: return try emitTail()
            case .separator where byte == Byte.comma:
                window.start += 1
                phase = .element
            case .separator where byte == Byte.closeBracket, .firstElement where byte == Byte.closeBracket:
                window.start += 1
                phase = .tail
            case .separator:
                return try emitBroken(.invalidJSON)
            default:
                if byte != Byte.comma, byte != Byte.closeBracket { return try emitElement() }
                let record = emit(length: 0, defect: .invalidJSON)
                window.start += 1
                phase = byte == Byte.comma ? .element : .tail
                return record
            }
        }
    }

    private mutating func emitElement() throws -> FramedRecord {
        let most = options.maxRecordBytes
        while true {
            let buffered = window.end - window.start
            let reach = min(buffered, most + 1)
            switch scanner.scan(window.text + window.start, reach, final: window.atEnd && reach == buffered) {
            case .value(let count, let defect):
                if count > most { return try emitBroken(nil) }
                let record = emit(length: count, defect: window.byteDefect(to: window.start + count) ?? defect)
                pass(count)
                phase = .separator
                return record
            case .broken(let defect):
                return try emitBroken(defect)
            case .incomplete:
                if reach > most { return try emitBroken(nil) }
                // Twice as much before the next attempt, so that all attempts together cost twice the last.
                _ = try window.fill(upTo: min(2 * buffered, most + 1))
            }
        }
    }

    /// Gives out what the tracker takes for the element at the start.
    /// - Parameter defect: what the scanner said; nil when the element is fine as far as the limit reaches.
    private mutating func emitBroken(_ defect: Defect?) throws -> FramedRecord {
        let most = options.maxRecordBytes
        var seen = 0
        tracker.reset()
        while true {
            let reach = min(window.end - window.start, most + 1)
            if let (length, end) = tracker.feed(window.text + window.start, seen, reach) {
                return emitTrimmed(length, passing: length, defect: defect ?? .invalidJSON, then: end)
            }
            seen = reach
            if reach > most {
                // An element too broken to have an end must not take the rest of the file with it.
                if defect == .invalidJSON { tracker.lost = true }
                phase = .oversize
                return emitTooLarge(passing: reach)
            }
            if try !window.fill() {
                return emitTrimmed(reach, passing: reach, defect: defect ?? .invalidJSON, then: nil)
            }
        }
    }

    private mutating func emitTrimmed(
        _ length: Int, passing: Int, defect: Defect, then end: ElementTracker.End?
    ) -> FramedRecord {
        var kept = length
        let text = window.text + window.start
        func trim() { while kept > 0, isBlank(text[kept - 1]) { kept -= 1 } }
        trim()
        if end == .nextElement, kept > 0, text[kept - 1] == Byte.comma {
            kept -= 1
            trim()
        }
        let record = emit(length: kept, defect: window.byteDefect(to: window.start + kept) ?? defect)
        pass(passing)
        enter(end)
        return record
    }

    /// Goes on behind an element that the tracker ended.
    private mutating func enter(_ end: ElementTracker.End?) {
        switch end {
        case .separator:
            window.start += 1
            phase = .element
        case .arrayEnd:
            window.start += 1
            phase = .tail
        case .nextElement:
            phase = tracker.last == Byte.comma ? .element : .separator
        case nil:
            phase = .done
        }
    }

    /// Skips the rest of an element above the limit; false when the file ends in it.
    private mutating func skipOversize() throws -> Bool {
        while true {
            let buffered = window.end - window.start
            if let (length, end) = tracker.feed(window.text + window.start, 0, buffered) {
                pass(length)
                enter(end)
                return true
            }
            pass(buffered)
            if try !window.fill() { return false }
        }
    }

    private mutating func emitTail() throws -> FramedRecord {
        let whole = try !window.fill(upTo: options.maxRecordBytes + 1)
        phase = .done
        if !whole { return emitTooLarge(passing: options.maxRecordBytes + 1) }
        let length = window.end - window.start
        return emitTrimmed(length, passing: length, defect: .invalidJSON, then: nil)
    }
}
