/// A package's id, a UUIDv7 with ordinal 0; the id of its event n is the same with n in the last 20 bits.
///
/// Unix milliseconds (48 bits), version 7 (4), random (12), variant 2 (2), random (42), ordinal (20).
public struct PackageID: Sendable, Equatable {
    /// Events that an ordinal can count.
    public static let maxOrdinal = 1 << 20 - 1
    /// Bytes of the text of an id.
    static let textBytes = 36

    private let high: UInt64
    private let low: UInt64

    /// - Parameter milliseconds: since 1970, UTC.
    public init(milliseconds: UInt64, using random: inout some RandomNumberGenerator) {
        high = milliseconds << 16 | 0x7000 | random.next() & 0x0fff
        low = 0x8000_0000_0000_0000 | random.next() & 0x3fff_ffff_fff0_0000
    }

    /// - Returns: nil for a text that is not the id of a package.
    public init?(_ text: some StringProtocol) {
        let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
        guard digits.count == 32, text.utf8.count == Self.textBytes else { return nil }
        let all = String(decoding: digits, as: UTF8.self)
        guard let high = UInt64(all.prefix(16), radix: 16), let low = UInt64(all.suffix(16), radix: 16),
            high >> 12 & 0xf == 7, low >> 62 == 2, low & 0xf_ffff == 0
        else { return nil }
        self.high = high
        self.low = low
    }

    /// The id's text with an ordinal: 36 lower-case characters.
    public func text(_ ordinal: Int = 0) -> String {
        String(unsafeUninitializedCapacity: Self.textBytes) { buffer in
            write(ordinal, into: UnsafeMutableRawBufferPointer(buffer))
            return Self.textBytes
        }
    }

    /// Writes all 36 characters.
    func write(_ ordinal: Int = 0, into buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= Self.textBytes && 0...Self.maxOrdinal ~= ordinal)
        var place = 0
        for (word, count) in [(high >> 32, 8), (high >> 16, 4), (high, 4), (low >> 48, 4), (low | UInt64(ordinal), 12)] {
            if place > 0 {
                buffer[place] = UInt8(ascii: "-")
                place += 1
            }
            for digit in (0..<count).reversed() {
                buffer[place] = hexadecimalDigit(word >> (4 * digit))
                place += 1
            }
        }
    }

    /// Writes an ordinal over that of an id that stands in the buffer: its last five characters.
    static func rewrite(_ ordinal: Int, in buffer: UnsafeMutableRawBufferPointer) {
        for digit in 0..<5 { buffer[textBytes - 1 - digit] = hexadecimalDigit(UInt64(ordinal) >> (4 * digit)) }
    }
}

private func hexadecimalDigit(_ bits: UInt64) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: bits & 0xf)
    return value < 10 ? 0x30 + value : 0x57 + value
}
