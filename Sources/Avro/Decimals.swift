/// Decimals as Avro writes them: the unscaled number in two's complement, big-endian.
enum Decimals {
    /// Of about 385 digits; longer ones would take time by the square of their length.
    static let mostBytes = 160

    /// The number with a point before its last `scale` digits; nil where it has too many bytes or digits.
    static func text(_ bytes: UnsafeRawBufferPointer, scale: Int) -> String? {
        guard scale <= 1000 else { return nil }
        let isNegative = bytes.first.map { $0 >= 0x80 } ?? false
        // Leading bytes that only repeat the sign.
        let fill: UInt8 = isNegative ? 0xFF : 0
        var start = 0
        while start < bytes.count - 1, bytes[start] == fill, (bytes[start + 1] >= 0x80) == isNegative { start += 1 }
        guard bytes.count - start <= mostBytes else { return nil }
        var digits: String
        if bytes.count - start <= 16 {
            var value: Int128 = isNegative ? -1 : 0
            for index in start..<bytes.count { value = value << 8 | Int128(bytes[index]) }
            digits = String(value.magnitude)
        } else {
            digits = long(bytes[start...], isNegative)
        }
        if scale > 0 {
            if digits.utf8.count <= scale { digits = String(repeating: "0", count: scale + 1 - digits.utf8.count) + digits }
            digits.insert(".", at: digits.utf8.index(digits.endIndex, offsetBy: -scale))
        }
        return isNegative ? "-" + digits : digits
    }

    /// By dividing again and again by 10^9.
    private static func long(_ bytes: Slice<UnsafeRawBufferPointer>, _ isNegative: Bool) -> String {
        var rest = bytes.map { isNegative ? ~$0 : $0 }
        if isNegative {
            for index in rest.indices.reversed() {
                rest[index] &+= 1
                if rest[index] != 0 { break }
            }
        }
        var parts: [UInt64] = []
        while rest.contains(where: { $0 != 0 }) {
            var remainder: UInt64 = 0
            for index in rest.indices {
                remainder = remainder << 8 | UInt64(rest[index])
                rest[index] = UInt8(remainder / 1_000_000_000)
                remainder %= 1_000_000_000
            }
            parts.append(remainder)
        }
        guard let first = parts.popLast() else { return "0" }
        return parts.reversed().reduce(into: String(first)) { text, part in
            let digits = String(part)
            text += String(repeating: "0", count: 9 - digits.utf8.count) + digits
        }
    }
}
