/// Takes the values out of a `COPY … TO STDOUT (FORMAT BINARY)` of one column, whatever the pieces that they come in, and hands
/// each on without keeping it. The format is described at Postgres' `BinaryCopy`.
struct CopiedColumn {
    struct Malformed: Error, CustomStringConvertible {
        let description = "the server's answer is not binary COPY data of one column"
    }

    private static let header = 19
    private var rest: [UInt8] = []
    private var isPastHeader = false

    /// - Parameter value: is given each value in turn; nil for NULL.
    /// - Throws: `Malformed`, and what `value` throws.
    mutating func take(_ piece: UnsafeRawBufferPointer, _ value: (UnsafeRawBufferPointer?) throws -> Void) throws {
        if rest.isEmpty {
            let used = try parse(piece, value)
            rest.append(contentsOf: piece[used...])
        } else {
            rest.append(contentsOf: piece)
            var whole: [UInt8] = []
            swap(&whole, &rest)
            let used = try whole.withUnsafeBytes { try parse($0, value) }
            whole.removeFirst(used)
            rest = whole
        }
    }

    /// - Returns: the bytes used; what is left is a part of a row.
    private mutating func parse(_ bytes: UnsafeRawBufferPointer, _ value: (UnsafeRawBufferPointer?) throws -> Void) throws -> Int {
        var place = 0
        if !isPastHeader {
            guard bytes.count >= Self.header else { return 0 }
            guard bytes.starts(with: Array("PGCOPY\n".utf8)), integer(bytes, 15, Int32.self) == 0 else { throw Malformed() }
            isPastHeader = true
            place = Self.header
        }
        while let width = integer(bytes, place, Int16.self) {
            if width == -1 { return bytes.count }
            guard width == 1 else { throw Malformed() }
            guard let length = integer(bytes, place + 2, Int32.self) else { return place }
            guard length >= -1 else { throw Malformed() }
            let from = place + 6
            guard length >= 0 else {
                try value(nil)
                place = from
                continue
            }
            guard from + Int(length) <= bytes.count else { return place }
            try value(UnsafeRawBufferPointer(rebasing: bytes[from..<from + Int(length)]))
            place = from + Int(length)
        }
        return place
    }

    /// A big-endian integer; nil when it is not there as a whole.
    private func integer<T: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ place: Int, _: T.Type) -> T? {
        guard place + MemoryLayout<T>.size <= bytes.count else { return nil }
        return T(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: T.self))
    }
}
