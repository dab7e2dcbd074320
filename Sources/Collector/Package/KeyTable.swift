import Glibc

/// Finds a key that stands twice in an object, in time linear in the keys' bytes: a few are compared by pairs, more by a
/// hash table whose seed is the process's own, so that no sender can aim at it.
struct KeyTable: ~Copyable {
    private var slots = Buffer<Int32>()
    private let seed = UInt64.random(in: .min ... .max)
    private static let few = 16

    /// 64 bits that are equal for equal strings of the tape: its length and its last 8 bytes.
    @inline(__always)
    static func print(_ string: UnsafePointer<UInt8>) -> UInt64 {
        let count = UnsafeRawPointer(string).loadUnaligned(as: UInt32.self)
        // Below 8 bytes some of the length itself is among them, and from 4 on no byte of another string.
        if count >= 4 { return UnsafeRawPointer(string + Int(count) - 4).loadUnaligned(as: UInt64.self) ^ UInt64(count) &<< 56 }
        let first = UnsafeRawPointer(string + 4).loadUnaligned(as: UInt32.self)
        return UInt64(first & (1 &<< (8 &* count) &- 1)) | UInt64(count) &<< 56
    }

    /// Gives back what a large object took.
    mutating func shrink() { slots.shrink(to: 1 << 14) }

    /// The place of the first key that is there before.
    @inline(__always)
    mutating func repeated(
        _ keys: UnsafeBufferPointer<JSONDocument.Key>, _ strings: UnsafePointer<UInt8>, _ words: UnsafePointer<UInt64>
    ) -> UInt32? {
        if keys.count > Self.few { return repeatedOfMany(keys, strings, words) }
        var index = 1
        while index < keys.count {
            let key = keys[index]
            for other in 0..<index where keys[other].print == key.print {
                if Self.same(keys[other], key, strings, words) { return key.place }
            }
            index &+= 1
        }
        return nil
    }

    private mutating func repeatedOfMany(
        _ keys: UnsafeBufferPointer<JSONDocument.Key>, _ strings: UnsafePointer<UInt8>, _ words: UnsafePointer<UInt64>
    ) -> UInt32? {
        var size = 64
        while size < 2 * keys.count { size *= 2 }
        slots.reserve(size)
        slots.base.update(repeating: -1, count: size)
        for (index, key) in keys.enumerated() {
            let (bytes, count) = Self.string(key, strings, words)
            var slot = Int(truncatingIfNeeded: hash(bytes, count) >> 20) & (size - 1)
            while slots.base[slot] >= 0 {
                let other = keys[Int(slots.base[slot])]
                if other.print == key.print, Self.same(other, key, strings, words) { return key.place }
                slot = (slot + 1) & (size - 1)
            }
            slots.base[slot] = Int32(truncatingIfNeeded: index)
        }
        return nil
    }

    private static func string(
        _ key: JSONDocument.Key, _ strings: UnsafePointer<UInt8>, _ words: UnsafePointer<UInt64>
    ) -> (UnsafePointer<UInt8>, Int) {
        let begin = strings + Int(truncatingIfNeeded: words[Int(key.place)] & 0x00FF_FFFF_FFFF_FFFF)
        return (begin + 4, Int(UnsafeRawPointer(begin).loadUnaligned(as: UInt32.self)))
    }

    private static func same(
        _ one: JSONDocument.Key, _ other: JSONDocument.Key, _ strings: UnsafePointer<UInt8>, _ words: UnsafePointer<UInt64>
    ) -> Bool {
        let (left, count) = string(one, strings, words)
        let (right, others) = string(other, strings, words)
        return count == others && memcmp(left, right, count) == 0
    }

    /// Multiply and fold, eight bytes at a time.
    private func hash(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        var state = seed ^ UInt64(count)
        var index = 0
        while index &+ 8 <= count {
            state = Self.mix(state ^ UnsafeRawPointer(bytes + index).loadUnaligned(as: UInt64.self))
            index &+= 8
        }
        var last: UInt64 = 0
        while index < count {
            last = last << 8 | UInt64(bytes[index])
            index &+= 1
        }
        return Self.mix(Self.mix(state ^ last))
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let (high, low) = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return high ^ low ^ value.byteSwapped
    }
}
