import Glibc

/// The names of the objects that are open, to find one that stands twice in its object.
///
/// Up to 16 names are compared as they come, by hash; the names of a larger object when it closes, by a hash table. The
/// hash has a seed of the process's own, so that no file can aim at it. Buffers are reused; they grow with the number of
/// names in one record, which its element limit bounds.
struct KeyTable: ~Copyable {
    // Not private: Swift 6.3.1 breaks off when a buffer of a private type is a member of a noncopyable type.
    struct Key {
        var hash: UInt64
        /// In the text, or in `arena` when `unescaped`.
        var begin: Int32
        var count: Int32
        var unescaped: Bool
    }

    struct Object {
        var firstKey: Int32
        /// One bit a name, by its hash: a clear bit means a new name.
        var seen: UInt64
    }

    private static let few = 16
    private static let seed = UInt64.random(in: .min ... .max)

    private var keys = Buffer<Key>()
    private var objects = Buffer<Object>()
    private var slots = Buffer<Int32>()
    private var arena = Buffer<UInt8>()
    private let seed = Self.seed

    var bufferedBytes: Int { keys.bytes + objects.bytes + slots.bytes + arena.bytes }

    mutating func reset() {
        keys.count = 0
        objects.count = 0
        arena.count = 0
    }

    mutating func open() {
        objects.append(Object(firstKey: Int32(keys.count), seen: 0))
    }

    /// Adds a name, the bytes [begin, end) of the text between its quotes.
    /// - Returns: whether it is known to stand in the object already.
    mutating func add(_ text: UnsafePointer<UInt8>, _ begin: Int, _ end: Int, escaped: Bool) -> Bool {
        var key = Key(hash: 0, begin: Int32(begin), count: Int32(end &- begin), unescaped: escaped)
        if escaped {
            key.begin = Int32(arena.count)
            unescape(text, begin, end)
            key.count = Int32(arena.count) - key.begin
        }
        key.hash = hash((escaped ? UnsafePointer(arena.base) : text) + Int(key.begin), Int(key.count))
        let object = objects.base + (objects.count &- 1)
        let first = Int(object.pointee.firstKey)
        let bit: UInt64 = 1 << (key.hash & 63)
        var twice = false
        if keys.count &- first < Self.few {
            if object.pointee.seen & bit != 0 {
                for other in first..<keys.count where keys.base[other].hash == key.hash {
                    if same(keys.base[other], key, text) { twice = true }
                }
            }
            object.pointee.seen |= bit
        }
        keys.append(key)
        return twice
    }

    /// Closes the innermost object.
    /// - Returns: whether a name stands twice in it, for objects too large to have been told so before.
    mutating func close(_ text: UnsafePointer<UInt8>) -> Bool {
        objects.count &-= 1
        let first = Int(objects.base[objects.count].firstKey)
        let twice = keys.count &- first > Self.few && findTwice(text, from: first)
        keys.count = first
        return twice
    }

    private mutating func findTwice(_ text: UnsafePointer<UInt8>, from first: Int) -> Bool {
        var size = 64
        while size < 2 * (keys.count - first) { size *= 2 }
        slots.reserve(size)
        slots.base.update(repeating: -1, count: size)
        for index in first..<keys.count {
            let key = keys.base[index]
            var slot = Int(truncatingIfNeeded: key.hash >> 32) & (size - 1)
            while slots.base[slot] >= 0 {
                let other = keys.base[Int(slots.base[slot])]
                if other.hash == key.hash, same(other, key, text) { return true }
                slot = (slot + 1) & (size - 1)
            }
            slots.base[slot] = Int32(index)
        }
        return false
    }

    private func same(_ one: Key, _ other: Key, _ text: UnsafePointer<UInt8>) -> Bool {
        if one.count != other.count { return false }
        let left = (one.unescaped ? UnsafePointer(arena.base) : text) + Int(one.begin)
        let right = (other.unescaped ? UnsafePointer(arena.base) : text) + Int(other.begin)
        return memcmp(left, right, Int(one.count)) == 0
    }

    /// Multiply and fold, eight bytes at a time.
    @inline(__always)
    private func hash(_ name: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        var state = seed ^ UInt64(count)
        var index = 0
        while index &+ 8 <= count {
            state = Self.mix(state ^ name.word(index))
            index &+= 8
        }
        var last: UInt64 = 0
        while index < count {
            last = last << 8 | UInt64(name[index])
            index &+= 1
        }
        return Self.mix(Self.mix(state ^ last))
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let (high, low) = value.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return high ^ low ^ value.byteSwapped
    }

    /// Appends the text of a name whose escapes are well formed. A surrogate without its other half becomes the three
    /// bytes its number would have, so that it equals itself and nothing else.
    private mutating func unescape(_ text: UnsafePointer<UInt8>, _ begin: Int, _ end: Int) {
        arena.reserve(arena.count + end - begin)
        var index = begin
        while index < end {
            if text[index] != Byte.backslash {
                arena.append(text[index])
                index += 1
                continue
            }
            let letter = text[index + 1]
            index += 2
            switch letter {
            case UInt8(ascii: "b"): arena.append(8)
            case UInt8(ascii: "f"): arena.append(12)
            case UInt8(ascii: "n"): arena.append(Byte.lf)
            case UInt8(ascii: "r"): arena.append(Byte.cr)
            case UInt8(ascii: "t"): arena.append(Byte.tab)
            case UInt8(ascii: "u"):
                var scalar = unit(text, index)
                index += 4
                if scalar & 0xfc00 == 0xd800, index + 6 <= end, text[index] == Byte.backslash,
                    text[index + 1] == UInt8(ascii: "u")
                {
                    let low = unit(text, index + 2)
                    if low & 0xfc00 == 0xdc00 {
                        scalar = 0x10000 + (scalar & 0x3ff) << 10 + (low & 0x3ff)
                        index += 6
                    }
                }
                append(scalar)
            default: arena.append(letter)
            }
        }
    }

    private func unit(_ text: UnsafePointer<UInt8>, _ index: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 4 | (hexDigit(text[index + $1]) ?? 0) }
    }

    private mutating func append(_ scalar: UInt32) {
        func part(_ shift: UInt32, _ lead: UInt32) -> UInt8 {
            UInt8(lead | (lead == 0x80 ? scalar >> shift & 0x3f : scalar >> shift))
        }
        switch scalar {
        case ..<0x80: arena.append(UInt8(scalar))
        case ..<0x800:
            arena.append(part(6, 0xc0))
            arena.append(part(0, 0x80))
        case ..<0x10000:
            arena.append(part(12, 0xe0))
            arena.append(part(6, 0x80))
            arena.append(part(0, 0x80))
        default:
            arena.append(part(18, 0xf0))
            arena.append(part(12, 0x80))
            arena.append(part(6, 0x80))
            arena.append(part(0, 0x80))
        }
    }
}

/// An array of trivial elements that is never copied and keeps its memory.
struct Buffer<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base = UnsafeMutablePointer<Element>.allocate(capacity: 32)
    private var capacity = 32
    var count = 0

    deinit { base.deallocate() }

    var bytes: Int { capacity * MemoryLayout<Element>.stride }

    @inline(__always)
    mutating func append(_ element: Element) {
        if count == capacity { reserve(count + 1) }
        base[count] = element
        count &+= 1
    }

    mutating func reserve(_ wanted: Int) {
        if wanted <= capacity { return }
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: max(wanted, 2 * capacity))
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
        capacity = max(wanted, 2 * capacity)
    }
}
