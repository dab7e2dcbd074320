extension JSONScanner {
    /// Passes a string whose opening quote stands at `index`; nil when it is passed.
    @inline(__always)
    mutating func string(
        _ text: UnsafePointer<UInt8>, _ count: Int, _ index: inout Int, _ escaped: inout Bool
    ) -> Stop? {
        index = text.findStringSpecial(index &+ 1, count)
        if index < count, text[index] == Byte.quote {
            index &+= 1
            return nil
        }
        return rest(text, count, &index, &escaped)
    }

    /// Goes on at an escape, a control byte or the end of what is there.
    private mutating func rest(
        _ text: UnsafePointer<UInt8>, _ count: Int, _ index: inout Int, _ escaped: inout Bool
    ) -> Stop? {
        while true {
            if index == count { return .short }
            switch text[index] {
            case Byte.quote:
                index &+= 1
                return nil
            case Byte.backslash:
                escaped = true
                if let stop = escape(text, count, &index) { return stop }
            default:
                return .fault(.invalidJSON)
            }
            index = text.findStringSpecial(index, count)
        }
    }

    private mutating func escape(_ text: UnsafePointer<UInt8>, _ count: Int, _ index: inout Int) -> Stop? {
        if index &+ 1 == count {
            index = count
            return .short
        }
        switch text[index &+ 1] {
        case Byte.quote, Byte.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            index &+= 2
            return nil
        case UInt8(ascii: "u"):
            index &+= 2
        default:
            return .fault(.invalidJSON)
        }
        var unit: UInt32 = 0
        if let stop = hex(text, count, &index, &unit) { return stop }
        if unit == 0 { note(.nulByte) }
        if unit & 0xf800 != 0xd800 { return nil }
        // A high half must be followed by an escaped low one. What follows is passed here only if it is one.
        guard unit < 0xdc00 else {
            note(.jsonEscape)
            return nil
        }
        if index == count { return .short }
        if text[index] == Byte.backslash {
            if index &+ 1 == count {
                index = count
                return .short
            }
            if text[index &+ 1] == UInt8(ascii: "u") {
                var after = index &+ 2
                var low: UInt32 = 0
                if let stop = hex(text, count, &after, &low) {
                    index = after
                    return stop
                }
                if low & 0xfc00 == 0xdc00 {
                    index = after
                    return nil
                }
            }
        }
        note(.jsonEscape)
        return nil
    }

    /// Four hexadecimal digits.
    private func hex(
        _ text: UnsafePointer<UInt8>, _ count: Int, _ index: inout Int, _ unit: inout UInt32
    ) -> Stop? {
        for _ in 0..<4 {
            if index == count { return .short }
            guard let digit = hexDigit(text[index]) else { return .fault(.invalidJSON) }
            unit = unit << 4 | digit
            index &+= 1
        }
        return nil
    }
}

func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case 0x30...0x39: UInt32(byte &- 0x30)
    case 0x41...0x46: UInt32(byte &- 0x37)
    case 0x61...0x66: UInt32(byte &- 0x57)
    default: nil
    }
}
