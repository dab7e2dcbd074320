extension TextBuffer {
    mutating func append(integer value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var start = 20
            repeat {
                start &-= 1
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                digits[start] = 0x30 &+ UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest > 0
            append(UnsafeRawBufferPointer(rebasing: digits[start...]))
        }
    }

    /// A JSON string; only what must be escaped is.
    /// - Returns: false, and nothing is appended, where the bytes are no UTF-8.
    mutating func append(quoted bytes: UnsafeRawBufferPointer, _ facts: inout Transcoder.Facts) -> Bool {
        var high: UInt64 = 0
        var special = false
        var index = 0
        // Eight at a time: whether any is above 0x7F, or is a quote, a backslash or below 0x20.
        while index &+ 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            high |= word
            special = special || Self.holdsSpecial(word)
            index &+= 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            high |= UInt64(byte)
            special = special || byte < 0x20 || byte == 0x22 || byte == 0x5C
            index &+= 1
        }
        if high & 0x8080_8080_8080_8080 != 0, !isUTF8(bytes) { return false }
        append(UInt8(ascii: "\""))
        if special { appendEscaped(bytes, &facts) } else { append(bytes) }
        append(UInt8(ascii: "\""))
        return true
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// May be true of a word with bytes above 0x7F and none that is special.
    @inline(__always) private static func holdsSpecial(_ word: UInt64) -> Bool {
        func zero(_ word: UInt64) -> UInt64 { (word &- ones) & ~word }
        let controls = (word &- (ones &* 0x20)) & ~word
        return (zero(word ^ (ones &* 0x22)) | zero(word ^ (ones &* 0x5C)) | controls) & (ones &* 0x80) != 0
    }

    @inline(never) private mutating func appendEscaped(_ bytes: UnsafeRawBufferPointer, _ facts: inout Transcoder.Facts) {
        var clean = 0
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte < 0x20 || byte == 0x22 || byte == 0x5C else { continue }
            append(UnsafeRawBufferPointer(rebasing: bytes[clean..<index]))
            escape(byte, &facts)
            clean = index &+ 1
        }
        append(UnsafeRawBufferPointer(rebasing: bytes[clean...]))
    }

    private mutating func escape(_ byte: UInt8, _ facts: inout Transcoder.Facts) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x22, 0x5C: append(byte)
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0A: append(UInt8(ascii: "n"))
        case 0x0C: append(UInt8(ascii: "f"))
        case 0x0D: append(UInt8(ascii: "r"))
        default:
            if byte == 0 { facts.hasNUL = true }
            append("u00")
            append(byte < 16 ? 0x30 : 0x31)
            append(byte & 15 < 10 ? 0x30 + (byte & 15) : 0x57 + (byte & 15))
        }
    }

    /// Bytes as a JSON string of U+0000 to U+00FF.
    mutating func append(latin bytes: UnsafeRawBufferPointer, _ facts: inout Transcoder.Facts) {
        append(UInt8(ascii: "\""))
        for byte in bytes {
            if byte < 0x20 || byte == 0x22 || byte == 0x5C {
                escape(byte, &facts)
            } else if byte < 0x80 {
                append(byte)
            } else {
                append(0xC0 | byte >> 6)
                append(0x80 | byte & 0x3F)
            }
        }
        append(UInt8(ascii: "\""))
    }
}

private func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    (try? UTF8Span(validating: bytes.assumingMemoryBound(to: UInt8.self).span)) != nil
}
