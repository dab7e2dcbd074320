import Glibc

// Byte loops shared by the framers. All take 8 bytes at a time; none reads outside [from, to).

@inline(__always) func repeated(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }
let lowBits = repeated(0x01)
let highBits = repeated(0x80)

enum Byte {
    static let tab: UInt8 = 0x09
    static let lf: UInt8 = 0x0a
    static let cr: UInt8 = 0x0d
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let comma: UInt8 = 0x2c
    static let minus: UInt8 = 0x2d
    static let colon: UInt8 = 0x3a
    static let openBracket: UInt8 = 0x5b
    static let backslash: UInt8 = 0x5c
    static let closeBracket: UInt8 = 0x5d
    static let openBrace: UInt8 = 0x7b
    static let closeBrace: UInt8 = 0x7d
}

extension UnsafePointer<UInt8> {
    @inline(__always) func word(_ index: Int) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(self + index).loadUnaligned(as: UInt64.self))
    }

    /// Index of the first `byte` in [from, to), else `to`.
    @inline(__always) func find(_ byte: UInt8, _ from: Int, _ to: Int) -> Int {
        guard from < to, let hit = memchr(self + from, Int32(byte), to - from) else { return to }
        return UnsafeRawPointer(hit) - UnsafeRawPointer(self)
    }

    /// Index of the first byte that is 0 or above 0x7f in [from, to), else `to`.
    func findSuspect(_ from: Int, _ to: Int) -> Int {
        var index = from
        while index &+ 8 <= to {
            let word = word(index)
            // A byte 1...0x7f keeps its high bit clear when 1 is taken off; a borrow comes only from a byte 0 below.
            let hits = ((word &- lowBits) | word) & highBits
            if hits != 0 { return index &+ hits.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < to {
            if self[index] == 0 || self[index] > 0x7f { return index }
            index &+= 1
        }
        return to
    }

    /// How many bytes in [from, to) are `byte`.
    func count(_ byte: UInt8, _ from: Int, _ to: Int) -> Int {
        let pattern = repeated(byte)
        var index = from
        var total = 0
        while index &+ 8 <= to {
            let word = word(index) ^ pattern
            let zero = ~(((word & ~highBits) &+ ~highBits) | word | ~highBits)
            total &+= zero.nonzeroBitCount
            index &+= 8
        }
        while index < to {
            if self[index] == byte { total &+= 1 }
            index &+= 1
        }
        return total
    }

    /// How many physical lines end in [from, to): LF, CR LF and a lone CR each end one.
    func countLineEnds(_ from: Int, _ to: Int) -> Int {
        var total = count(Byte.lf, from, to)
        var index = find(Byte.cr, from, to)
        while index < to {
            if index &+ 1 == to || self[index &+ 1] != Byte.lf { total &+= 1 }
            index = find(Byte.cr, index &+ 1, to)
        }
        return total
    }

    /// Index of the first quote, backslash or control byte in [from, to), else `to`.
    @inline(__always) func findStringSpecial(_ from: Int, _ to: Int) -> Int {
        var index = from
        while index &+ 8 <= to {
            let word = word(index)
            let quote = word ^ repeated(Byte.quote)
            let slash = word ^ repeated(Byte.backslash)
            // Each term may be wrong above its own first hit only, so the lowest bit of the union is right.
            let hits =
                (((quote &- lowBits) & ~quote) | ((slash &- lowBits) & ~slash)
                    | ((word &- repeated(0x20)) & ~word)) & highBits
            if hits != 0 { return index &+ hits.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < to {
            let byte = self[index]
            if byte == Byte.quote || byte == Byte.backslash || byte < 0x20 { return index }
            index &+= 1
        }
        return to
    }
}

@inline(__always) func isBlank(_ byte: UInt8) -> Bool {
    byte == Byte.space || byte == Byte.lf || byte == Byte.cr || byte == Byte.tab
}

/// Whether bytes are UTF-8 by Unicode's table 3-7: no overlong form, no surrogate, nothing above U+10FFFF.
package func isValidUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    return isValidUTF8(base.assumingMemoryBound(to: UInt8.self), bytes.count)
}

func isValidUTF8(_ text: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    var index = 0
    while index < count {
        let lead = text[index]
        if lead < 0x80 {
            index &+= 1
            while index &+ 8 <= count {
                let high = text.word(index) & highBits
                if high != 0 {
                    index &+= high.trailingZeroBitCount &>> 3
                    break
                }
                index &+= 8
            }
            continue
        }
        let left = count &- index
        if lead < 0xe0 {
            guard lead >= 0xc2, left >= 2, text[index &+ 1] & 0xc0 == 0x80 else { return false }
            index &+= 2
        } else if lead < 0xf0 {
            guard left >= 3, text[index &+ 2] & 0xc0 == 0x80 else { return false }
            let second = text[index &+ 1]
            guard second >= (lead == 0xe0 ? 0xa0 : 0x80), second <= (lead == 0xed ? 0x9f : 0xbf) else { return false }
            index &+= 3
        } else {
            guard lead <= 0xf4, left >= 4, text[index &+ 2] & 0xc0 == 0x80, text[index &+ 3] & 0xc0 == 0x80
            else { return false }
            let second = text[index &+ 1]
            guard second >= (lead == 0xf0 ? 0x90 : 0x80), second <= (lead == 0xf4 ? 0x8f : 0xbf) else { return false }
            index &+= 4
        }
    }
    return true
}
