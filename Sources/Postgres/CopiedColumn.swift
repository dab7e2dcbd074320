/// Takes the values out of a `COPY … TO STDOUT (FORMAT BINARY)` of one column, whatever the pieces that they come in, without
/// keeping any: what belongs to a value is handed on as it comes. The format is described at `BinaryCopy`.
public struct CopiedColumn {
    public struct Malformed: Error, CustomStringConvertible {
        public let description = "the server's answer is not binary COPY data"

        public init() {}
    }

    private enum Stage {
        case header, width, length, payload, ended
    }

    private static let signature: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00]
    private static let headerBytes = 19

    private var stage = Stage.header
    /// Bytes of the header or of a number that are in already, and the number that they make.
    private var have = 0
    private var number: UInt32 = 0
    /// Bytes of the value that are still to come.
    private var left = 0

    public init() {}

    /// Whether the data came to its end.
    public var isWhole: Bool { stage == .ended }

    /// - Parameters:
    ///   - piece: called with parts of a value, in order.
    ///   - end: called after the last part of each value, and of NULL, which has none, with true.
    /// - Throws: `Malformed`, and what the two throw.
    public mutating func take(
        _ bytes: UnsafeRawBufferPointer, piece: (UnsafeRawBufferPointer) throws -> Void, end: (_ isNull: Bool) throws -> Void
    ) throws {
        var place = 0
        while place < bytes.count {
            switch stage {
            case .header:
                try header(bytes[place])
                place += 1
            case .width:
                guard let width = take(bytes[place], of: 2) else {
                    place += 1
                    continue
                }
                place += 1
                guard width == 1 || width == 0xFFFF else { throw Malformed() }
                stage = width == 1 ? .length : .ended
            case .length:
                guard let length = take(bytes[place], of: 4) else {
                    place += 1
                    continue
                }
                place += 1
                guard length != .max else {
                    try finish(end, isNull: true)
                    continue
                }
                guard length <= UInt32(Int32.max) else { throw Malformed() }
                left = Int(length)
                stage = .payload
                if left == 0 { try finish(end, isNull: false) }
            case .payload:
                let count = min(left, bytes.count - place)
                try piece(UnsafeRawBufferPointer(rebasing: bytes[place..<place + count]))
                place += count
                left -= count
                if left == 0 { try finish(end, isNull: false) }
            case .ended:
                throw Malformed()
            }
        }
    }

    private mutating func finish(_ end: (Bool) throws -> Void, isNull: Bool) throws {
        stage = .width
        try end(isNull)
    }

    private mutating func header(_ byte: UInt8) throws {
        // Flags are for readers of other kinds; an extension of the header is not to be expected.
        let isFine = have < Self.signature.count ? byte == Self.signature[have] : have < 15 || byte == 0
        guard isFine else { throw Malformed() }
        have += 1
        if have == Self.headerBytes {
            have = 0
            stage = .width
        }
    }

    /// - Returns: the number once all of its bytes, big-endian, are in.
    private mutating func take(_ byte: UInt8, of width: Int) -> UInt32? {
        number = number << 8 | UInt32(byte)
        have += 1
        guard have == width else { return nil }
        defer { (number, have) = (0, 0) }
        return number
    }
}
