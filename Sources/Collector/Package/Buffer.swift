/// An array of trivial elements that is never copied and keeps its memory. Nothing checks an index: callers stay below `count`.
struct Buffer<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var capacity: Int
    var count = 0

    init(capacity: Int = 64) {
        base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { base.deallocate() }

    @inline(__always)
    mutating func append(_ element: Element) {
        if count == capacity { reserve(count &+ 1) }
        base[count] = element
        count &+= 1
    }

    /// Room for `wanted` elements in all.
    @inline(__always)
    mutating func reserve(_ wanted: Int) {
        if wanted > capacity { grow(wanted) }
    }

    @inline(never)
    private mutating func grow(_ wanted: Int) {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: max(wanted, 2 * capacity))
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
        capacity = max(wanted, 2 * capacity)
    }

    /// Gives back what is above `most` elements; what was in it is lost.
    mutating func shrink(to most: Int) {
        count = 0
        if capacity <= most { return }
        base.deallocate()
        base = .allocate(capacity: most)
        capacity = most
    }
}

extension Buffer<UInt8> {
    @inline(__always)
    mutating func append(_ bytes: UnsafePointer<UInt8>, _ many: Int) {
        reserve(count &+ many)
        (base + count).update(from: bytes, count: many)
        count &+= many
    }

    /// Zigzag, then seven bits a byte, the lowest first: Avro's int and long.
    @inline(__always)
    mutating func appendLong(_ value: Int64) {
        reserve(count &+ 10)
        var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        while rest > 0x7F {
            base[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            count &+= 1
            rest >>= 7
        }
        base[count] = UInt8(truncatingIfNeeded: rest)
        count &+= 1
    }

    @inline(__always)
    mutating func appendRaw<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        reserve(count &+ MemoryLayout<T>.size)
        UnsafeMutableRawPointer(base + count).storeBytes(of: value, as: T.self)
        count &+= MemoryLayout<T>.size
    }
}
