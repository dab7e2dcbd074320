import Glibc

/// What the text of a number says, beyond what simdjson makes of it.
enum JSONNumber {
    /// Where the number that begins at `begin` ends.
    static func end(_ text: UnsafePointer<UInt8>, _ begin: Int, _ count: Int) -> Int {
        var index = begin
        while index < count, isPart(text[index]) { index &+= 1 }
        return index
    }

    private static func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): true
        default: false
        }
    }

    /// Whether a digit before the exponent is not zero.
    static func isNonZero(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in text {
            if byte | 0x20 == UInt8(ascii: "e") { return false }
            if 0x31...0x39 ~= byte { return true }
        }
        return false
    }

    /// Whether an integer has a signed or an unsigned form of 64 bits.
    static func isOf64Bits(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let isNegative = text.first == UInt8(ascii: "-")
        if text.count < 19 { return true }
        if text.count > 20 { return false }
        var value: UInt64 = 0
        for byte in text.dropFirst(isNegative ? 1 : 0) {
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, above) = product.addingReportingOverflow(UInt64(byte &- 0x30))
            if tooLarge || above { return false }
            value = sum
        }
        return !isNegative || value <= 1 << 63
    }

    /// Correctly rounded; infinite when it is too large.
    static func double(_ text: UnsafeBufferPointer<UInt8>) -> Double {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { copy in
            for (index, byte) in text.enumerated() { copy[index] = CChar(bitPattern: byte) }
            copy[text.count] = 0
            return strtod(copy.baseAddress!, nil)
        }
    }

    enum Exact: Equatable {
        case integer(Int128)
        case fraction
        /// An integer, above 38 digits.
        case large
    }

    /// The number exactly: `1.0`, `1e3` and `100e-2` are integers.
    static func exact(_ text: UnsafeBufferPointer<UInt8>) -> Exact {
        var index = 0
        let isNegative = text.first == UInt8(ascii: "-")
        if isNegative { index = 1 }
        var mantissa: Int128 = 0
        // Zeros behind the last digit that is not, and digits behind the point.
        var zeros = 0
        var decimals = 0
        var isLarge = false
        var behindPoint = false
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: ".") {
                behindPoint = true
            } else if byte | 0x20 == UInt8(ascii: "e") {
                break
            } else {
                if behindPoint { decimals += 1 }
                if byte == 0x30 {
                    if mantissa != 0 || isLarge { zeros += 1 }
                } else {
                    if !isLarge, let longer = shifted(mantissa, zeros + 1), longer <= mostOfAll - 9 {
                        mantissa = longer + Int128(byte - 0x30)
                    } else {
                        isLarge = true
                    }
                    zeros = 0
                }
            }
            index += 1
        }
        var exponent = 0
        if index < text.count {
            index += 1
            let isLess = text[index] == UInt8(ascii: "-")
            if isLess || text[index] == UInt8(ascii: "+") { index += 1 }
            while index < text.count {
                exponent = min(exponent * 10 + Int(text[index] - 0x30), 1 << 40)
                index += 1
            }
            if isLess { exponent = -exponent }
        }
        if mantissa == 0, !isLarge { return .integer(0) }
        let shift = zeros - decimals + exponent
        if shift < 0 { return .fraction }
        guard !isLarge, let value = shifted(mantissa, shift), value <= mostOfAll else { return .large }
        return .integer(isNegative ? -value : value)
    }

    /// 38 digits.
    private static let mostOfAll: Int128 = 99_999_999_999_999_999_999_999_999_999_999_999_999

    private static func shifted(_ value: Int128, _ digits: Int) -> Int128? {
        if value == 0 { return 0 }
        if digits > 38 { return nil }
        var value = value
        for _ in 0..<digits {
            let (longer, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = longer
        }
        return value
    }
}
