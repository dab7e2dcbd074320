/// The row format of `COPY … FROM STDIN (FORMAT BINARY)`: a growing buffer that the caller fills row by row and
/// reuses after each batch.
///
/// Layout (PostgreSQL's documentation of COPY): an 11-byte signature, flags, header extension; then for each row the
/// number of fields (int16) and for each field its length (int32, -1 = NULL) and bytes; last an int16 of -1. All
/// integers are big-endian.
public struct BinaryCopy: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// Bytes written so far, the header included.
    public private(set) var count = 0

    /// - Parameter capacity: bytes reserved at first; the buffer doubles when it is full.
    public init(capacity: Int = 1 << 20) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 16)
        reset()
    }

    deinit { base.deallocate() }

    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Empties the buffer, keeps its memory, and writes the header.
    public mutating func reset() {
        count = 0
        let header: [UInt8] = [
            0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00, 0, 0, 0, 0, 0, 0, 0, 0,
        ]
        header.withUnsafeBytes { append($0) }
    }

    /// Begins a row of `fields` columns; exactly so many field calls must follow.
    @inline(__always) public mutating func row(fields: Int16) { append(fields) }

    @inline(__always) public mutating func null() { append(Int32(-1)) }

    @inline(__always) public mutating func int64(_ value: Int64) {
        append(Int32(8))
        append(value)
    }

    @inline(__always) public mutating func int32(_ value: Int32) {
        append(Int32(4))
        append(value)
    }

    @inline(__always) public mutating func int16(_ value: Int16) {
        append(Int32(2))
        append(value)
    }

    /// A `bytea`, or a `text` whose bytes are known to be UTF-8 without NUL.
    @inline(__always) public mutating func bytes(_ value: UnsafeRawBufferPointer) {
        append(Int32(truncatingIfNeeded: value.count))
        append(value)
    }

    public mutating func text(_ value: String) {
        var value = value
        value.withUTF8 { bytes(UnsafeRawBufferPointer($0)) }
    }

    /// A one-dimensional `text[]` without NULLs; `element(i)` gives the bytes of the i-th of `count` elements.
    public mutating func textArray(count elements: Int, _ element: (Int) -> UnsafeRawBufferPointer) {
        let lengthAt = count
        append(Int32(0))
        append(Int32(elements == 0 ? 0 : 1))  // dimensions
        append(Int32(0))  // no NULLs
        append(Int32(25))  // element type: text
        if elements > 0 {
            append(Int32(elements))
            append(Int32(1))  // lower bound
            for index in 0..<elements { bytes(element(index)) }
        }
        let length = Int32(count - lengthAt - 4)
        base.storeBytes(of: length.bigEndian, toByteOffset: lengthAt, as: Int32.self)
    }

    /// Ends the data. Nothing may be appended afterwards but by `reset`.
    public mutating func finish() { append(Int16(-1)) }

    @inline(__always) private mutating func reserve(_ more: Int) {
        if count + more > capacity { grow(more) }
    }

    @inline(never) private mutating func grow(_ more: Int) {
        capacity = max(capacity * 2, count + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = larger
    }

    @inline(__always) private mutating func append<T: FixedWidthInteger>(_ value: T) {
        reserve(MemoryLayout<T>.size)
        (base + count).storeBytes(of: value.bigEndian, as: T.self)
        count += MemoryLayout<T>.size
    }

    @inline(__always) private mutating func append(_ value: UnsafeRawBufferPointer) {
        guard let start = value.baseAddress, value.count > 0 else { return }
        reserve(value.count)
        (base + count).copyMemory(from: start, byteCount: value.count)
        count += value.count
    }
}
