/// Reads Avro's binary encoding from bytes that nobody has checked.
///
/// Every length is bounded by the bytes that remain, nesting and the number of values by `Limits`: no input traps, makes it
/// recurse without end, or takes memory out of proportion. A hot path that knows the writer's schema calls the `read…` of
/// each field in its order; `decode(_:)` makes a `Value`. Valid while the buffer is.
public struct Decoder {
    private let base: UnsafeRawBufferPointer
    /// The bytes read so far.
    public private(set) var offset = 0
    public let limits: Limits
    var valuesLeft: Int
    var depthLeft: Int

    public init(_ bytes: UnsafeRawBufferPointer, limits: Limits = Limits()) {
        base = bytes
        self.limits = limits
        valuesLeft = limits.values
        depthLeft = limits.depth
    }

    public var remaining: Int { base.count &- offset }

    func fault(_ code: AvroError.Code, _ message: String) -> AvroError { AvroError(code, message, offset: offset) }

    /// - Throws: `trailingBytes` when anything is left.
    public func expectEnd() throws(AvroError) {
        if remaining > 0 { throw fault(.trailingBytes, "bytes are left behind the value") }
    }

    public mutating func readBoolean() throws(AvroError) -> Bool {
        guard remaining > 0 else { throw truncated() }
        let byte = base[offset]
        guard byte < 2 else { throw fault(.badBoolean, "a boolean is 0 or 1") }
        offset &+= 1
        return byte == 1
    }

    public mutating func readInt() throws(AvroError) -> Int32 {
        let start = offset
        guard let value = Int32(exactly: try readLong()) else {
            offset = start
            throw fault(.badInteger, "an int has 32 bits")
        }
        return value
    }

    public mutating func readLong() throws(AvroError) -> Int64 {
        if offset < base.count {
            let byte = base[offset]
            if byte < 0x80 {
                offset &+= 1
                return Self.unzigzag(UInt64(byte))
            }
        }
        return try readLongerLong()
    }

    private static func unzigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }

    private mutating func readLongerLong() throws(AvroError) -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var index = offset
        while index < base.count {
            let byte = base[index]
            index &+= 1
            // The tenth byte holds the last bit.
            if shift == 63, byte > 1 { throw fault(.badInteger, "an integer has at most 10 bytes and 64 bits") }
            value |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 {
                offset = index
                return Self.unzigzag(value)
            }
            shift &+= 7
        }
        throw truncated()
    }

    public mutating func readFloat() throws(AvroError) -> Float {
        Float(bitPattern: UInt32(littleEndian: try load(UInt32.self)))
    }

    public mutating func readDouble() throws(AvroError) -> Double {
        Double(bitPattern: UInt64(littleEndian: try load(UInt64.self)))
    }

    /// `bytes`, or `string` unchecked: a part of the buffer, no copy.
    public mutating func readBytes() throws(AvroError) -> UnsafeRawBufferPointer {
        let start = offset
        let count = try readLong()
        guard count >= 0 else {
            offset = start
            throw fault(.badLength, "a length is negative")
        }
        guard count <= Int64(remaining) else { throw truncated() }
        return try readFixed(Int(count))
    }

    /// Checked UTF-8.
    public mutating func readString() throws(AvroError) -> String {
        let bytes = try readBytes()
        guard let text = String(validating: bytes, as: UTF8.self) else { throw fault(.badUTF8, "a string that ends here is no UTF-8") }
        return text
    }

    /// The next `count` bytes: a part of the buffer, no copy.
    public mutating func readFixed(_ count: Int) throws(AvroError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw truncated() }
        defer { offset &+= count }
        return UnsafeRawBufferPointer(rebasing: base[offset..<(offset &+ count)])
    }

    /// The position of an enum's symbol or a union's branch, from 0 to `count` - 1.
    public mutating func readIndex(below count: Int) throws(AvroError) -> Int {
        let start = offset
        let index = try readLong()
        guard index >= 0, index < Int64(count) else {
            offset = start
            throw fault(.badIndex, "an index is not below \(count)")
        }
        return Int(index)
    }

    /// Reads an index if it is this one; else nothing.
    @inline(__always)
    mutating func takeIndex(_ index: Int) throws(AvroError) -> Bool {
        let start = offset
        if try readLong() == Int64(index) { return true }
        offset = start
        return false
    }

    /// A block of an array's items or a map's entries.
    public struct Block {
        /// How many follow; 0 is the end.
        public let count: Int
        /// Where it must end, when the writer said so.
        let end: Int?
    }

    /// Begins a block; `endBlock` after its items.
    /// - Parameter leastBytes: the least that an item takes, so that a count which cannot be true is refused at once.
    public mutating func beginBlock(leastBytes: Int) throws(AvroError) -> Block {
        let start = offset
        var count = try readLong()
        var end: Int?
        if count < 0 {
            guard count > Int64.min else {
                offset = start
                throw fault(.badLength, "a block's count is out of range")
            }
            count = -count
            let size = try readLong()
            guard size >= 0, size <= Int64(remaining) else { throw fault(.badLength, "a block's size is out of range") }
            end = offset &+ Int(size)
        }
        if leastBytes > 0, count > Int64(remaining / leastBytes) { throw fault(.badLength, "a block counts more items than bytes are left for") }
        if count > Int64(valuesLeft) { throw tooMany() }
        return Block(count: Int(count), end: end)
    }

    public func endBlock(_ block: Block) throws(AvroError) {
        if let end = block.end, end != offset { throw fault(.badLength, "a block's size is not what its items take") }
    }

    /// Takes one value off the limit.
    @inline(__always)
    mutating func count() throws(AvroError) {
        valuesLeft &-= 1
        if valuesLeft < 0 { throw tooMany() }
    }

    /// Goes one level down; `depthLeft += 1` afterwards.
    @inline(__always)
    mutating func descend() throws(AvroError) {
        depthLeft &-= 1
        if depthLeft < 0 { throw fault(.limit, "values are nested more than \(limits.depth) deep") }
    }

    private func tooMany() -> AvroError { fault(.limit, "there are more than \(limits.values) values") }

    private func truncated() -> AvroError { fault(.truncated, "the bytes end inside a value") }

    private mutating func load<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws(AvroError) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw truncated() }
        defer { offset &+= MemoryLayout<T>.size }
        return base.loadUnaligned(fromByteOffset: offset, as: T.self)
    }
}
