import Framing

/// The framing rules once more, a byte at a time, each record from scratch: slow and simple.
struct CSVReference {
    let bytes: [UInt8]
    var delimiter = UInt8(ascii: ",")
    var limit = 1 << 20
    var maxFields = 1024

    private static let quote = UInt8(ascii: "\"")
    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }

    /// The records from `start` on, the first line being `line`.
    func records(from start: Int = 0, line first: Int64 = 1) -> [Framed] {
        var records: [Framed] = []
        var at = start
        var line = first
        while at < bytes.count {
            if Self.isLineEnd(bytes[at]) {
                at = behindLineEnd(at)
                line += 1
                continue
            }
            let (length, defect, fields, passed) = record(at)
            records.append(
                Framed(
                    position: Int64(records.count + 1), line: line, payload: Array(bytes[at..<at + length]),
                    defect: defect,
                    fields: fields))
            var end = at + passed
            while end < bytes.count, !Self.isLineEnd(bytes[end]) { end += 1 }
            let next = behindLineEnd(end)
            line += lineEnds(at, next)
            at = next
        }
        return records
    }

    private func behindLineEnd(_ at: Int) -> Int {
        if at >= bytes.count { return at }
        return at + (bytes[at] == 0x0d && at + 1 < bytes.count && bytes[at + 1] == 0x0a ? 2 : 1)
    }

    private func lineEnds(_ from: Int, _ to: Int) -> Int64 {
        var count: Int64 = 0
        var at = from
        while at < to {
            if Self.isLineEnd(bytes[at]) {
                count += 1
                at = behindLineEnd(at)
            } else {
                at += 1
            }
        }
        return count
    }

    /// Length of the payload, its facts, and how far the record goes before its line end is looked for.
    private func record(_ start: Int) -> (Int, Defect?, [[UInt8]]?, Int) {
        let reach = min(bytes.count, start + limit + 1)
        let whole = reach - start <= limit
        let firstLineEnd = (start..<reach).first { Self.isLineEnd(bytes[$0]) }
        let excerpt = min(limit, 4096)
        if firstLineEnd == nil, !whole { return (excerpt, .recordTooLarge, nil, reach - start) }
        let firstLine = (firstLineEnd ?? reach) - start

        var fields: [[UInt8]] = []
        var field: [UInt8] = []
        var anyQuoted = false
        var at = start
        enum State { case begin, plain, quoted, closed }
        var state = State.begin
        scan: while at < reach {
            let byte = bytes[at]
            switch state {
            case .begin where byte == Self.quote:
                state = .quoted
                anyQuoted = true
            case .begin, .plain:
                if Self.isLineEnd(byte) { break scan }
                if byte == delimiter {
                    fields.append(field)
                    field = []
                    state = .begin
                } else {
                    field.append(byte)
                    state = .plain
                }
            case .quoted:
                if byte != Self.quote {
                    field.append(byte)
                } else if at + 1 < reach, bytes[at + 1] == Self.quote {
                    field.append(byte)
                    at += 1
                } else if at + 1 == reach, !whole {
                    break  // nobody knows: still inside
                } else {
                    state = .closed
                }
            case .closed:
                if Self.isLineEnd(byte) { break scan }
                if byte != delimiter { return (firstLine, .strayQuote, nil, firstLine) }
                fields.append(field)
                field = []
                state = .begin
            }
            at += 1
        }
        if state == .quoted { return (firstLine, .openQuote, nil, firstLine) }
        if at == reach, !whole { return (excerpt, .recordTooLarge, nil, reach - start) }
        fields.append(field)
        let length = at - start
        if fields.count > maxFields { return (length, .tooManyFields, nil, length) }
        let payload = bytes[start..<at]
        if payload.contains(0) { return (length, .nulByte, nil, length) }
        if String(validating: payload, as: UTF8.self) == nil { return (length, .invalidUTF8, nil, length) }
        return (length, nil, anyQuoted ? fields : nil, length)
    }
}
