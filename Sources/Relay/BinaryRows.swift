import Postgres

/// Takes the rows of a `COPY … TO STDOUT (FORMAT BINARY)` apart, whatever the pieces that they come in. The format is
/// described at Postgres' `BinaryCopy`.
struct BinaryRows {
    typealias Malformed = CopiedColumn.Malformed

    /// The bytes of each column, nil for NULL.
    typealias Row = [[UInt8]?]

    private(set) var rows: [Row] = []
    private var rest: [UInt8] = []
    private var isPastHeader = false

    /// - Throws: `Malformed`.
    mutating func take(_ bytes: UnsafeRawBufferPointer) throws(Malformed) {
        rest.append(contentsOf: bytes)
        var used = 0
        if !isPastHeader {
            guard rest.count >= 19 else { return }
            guard rest.starts(with: Array("PGCOPY\n".utf8)), integer(at: 15, 4) == 0 else { throw Malformed() }
            isPastHeader = true
            used = 19
        }
        while let (row, end) = try row(at: used) {
            rows.append(row)
            used = end
        }
        rest.removeFirst(used)
    }

    /// - Returns: nil when the row is not there as a whole, and at the end of the data.
    private mutating func row(at start: Int) throws(Malformed) -> (Row, end: Int)? {
        guard let width = integer(at: start, 2), width != -1 else { return nil }
        guard width >= 0 else { throw Malformed() }
        var row: Row = []
        var place = start + 2
        for _ in 0..<width {
            guard let length = integer(at: place, 4) else { return nil }
            guard length >= -1 else { throw Malformed() }
            place += 4
            guard length >= 0 else {
                row.append(nil)
                continue
            }
            guard place + length <= rest.count else { return nil }
            row.append(Array(rest[place..<place + length]))
            place += length
        }
        return (row, place)
    }

    /// The elements of a one-dimensional array: dimensions, whether there are nulls, the type, length and lower bound, then each
    /// element as a column is written. An empty one has no dimension.
    static func elements(ofArray bytes: [UInt8]) throws(Malformed) -> Row {
        func word(_ start: Int) throws(Malformed) -> Int {
            guard start + 4 <= bytes.count else { throw Malformed() }
            return Int(Int32(truncatingIfNeeded: bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }))
        }
        let dimensions = try word(0)
        if dimensions == 0 { return [] }
        guard dimensions == 1 else { throw Malformed() }
        var found: Row = []
        var place = 20
        let count = try word(12)
        guard count >= 0 else { throw Malformed() }
        for _ in 0..<count {
            let length = try word(place)
            place += 4
            guard length >= 0 else {
                found.append(nil)
                continue
            }
            guard place + length <= bytes.count else { throw Malformed() }
            found.append(Array(bytes[place..<place + length]))
            place += length
        }
        guard place == bytes.count else { throw Malformed() }
        return found
    }

    /// A signed big-endian integer; nil when it is not there as a whole.
    private func integer(at start: Int, _ width: Int) -> Int? {
        guard start + width <= rest.count else { return nil }
        let value = rest[start..<start + width].reduce(0) { $0 << 8 | Int($1) }
        return value < 1 << (width * 8 - 1) ? value : value - 1 << (width * 8)
    }
}
