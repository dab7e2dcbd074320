/// A strict reader of JSON (RFC 8259) that builds nothing: it says what is wrong first, and where. It does not recurse, and
/// is some five times slower than simdjson; it reads only what simdjson refused.
struct JSONSyntax {
    private enum Expect { case value, valueOrEnd, key, keyOrEnd, colon, commaOrEnd }

    private let text: UnsafePointer<UInt8>
    private let all: Int
    private let limits: PackageLimits
    /// What is read now: all of it, or a line.
    private var index = 0
    private var end: Int
    /// For each open container whether it is an object.
    private var isObject: [Bool] = []
    /// Integers that have neither a signed nor an unsigned form of 64 bits.
    private var large: [Range<Int>] = []

    init(_ text: UnsafePointer<UInt8>, _ count: Int, limits: PackageLimits) {
        self.text = text
        all = count
        end = count
        self.limits = limits
        isObject.reserveCapacity(limits.depth + 1)
    }

    /// - Returns: where integers of more than 64 bits stand.
    /// - Throws: the first fault.
    mutating func check(_ format: PackageFormat) throws(Refusal) -> [Range<Int>] {
        if let other = otherEncoding() { throw .notUTF8("the body is \(other), not UTF-8", at: 0) }
        switch format {
        case .array:
            skipBlanks()
            if index == end { throw .empty() }
            try value(depth: limits.depth + 1)
            skipBlanks()
            if index < end { throw unexpected("the end was expected") }
        case .lines:
            var start = 0
            while start < all {
                end = start
                while end < all, text[end] != 0x0A { end += 1 }
                index = start
                skipBlanks()
                if index < end {
                    try value(depth: limits.depth)
                    skipBlanks()
                    if index < end { throw unexpected("the end of the line was expected") }
                }
                start = end + 1
            }
        }
        return large
    }

    /// UTF-16 and UTF-32, by their mark or by the NULs that ASCII has in them.
    private func otherEncoding() -> String? {
        let head = (0..<min(4, all)).map { text[$0] }
        if head.count == 4 {
            if head == [0xFF, 0xFE, 0, 0] || head == [0, 0, 0xFE, 0xFF] { return "UTF-32" }
            switch head.map({ $0 == 0 }) {
            case [false, true, true, true], [true, true, true, false]: return "UTF-32"
            case [false, true, false, true], [true, false, true, false]: return "UTF-16"
            default: break
            }
        }
        return head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) ? "UTF-16" : nil
    }

    private mutating func skipBlanks() {
        while index < end, isBlank(text[index]) { index += 1 }
    }

    /// What stands at `index` is not what was expected.
    private func unexpected(_ expected: String) -> Refusal {
        guard index < end else { return .malformed("the text ends; \(expected)", at: index) }
        if text[index] == 0 { return .nul(at: index) }
        if text[index] >= 0x80, sequence() == 0 { return .notUTF8("the bytes are not UTF-8", at: index) }
        return .malformed(expected, at: index)
    }

    private mutating func value(depth: Int) throws(Refusal) {
        isObject.removeAll(keepingCapacity: true)
        var expect = Expect.value
        repeat {
            skipBlanks()
            let byte: UInt8? = index < end ? text[index] : nil
            switch expect {
            case .colon:
                guard byte == UInt8(ascii: ":") else { throw unexpected("a colon was expected") }
                index += 1
                expect = .value
            case .key, .keyOrEnd:
                if byte == UInt8(ascii: "}"), expect == .keyOrEnd {
                    close(&expect)
                } else {
                    guard byte == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes was expected") }
                    try string()
                    expect = .colon
                }
            case .commaOrEnd:
                let inObject = isObject[isObject.count - 1]
                if byte == UInt8(ascii: ",") {
                    index += 1
                    expect = inObject ? .key : .value
                } else if byte == UInt8(ascii: inObject ? "}" : "]") {
                    close(&expect)
                } else {
                    throw unexpected("a comma or \(inObject ? "}" : "]") was expected")
                }
            case .value, .valueOrEnd:
                switch byte {
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    if isObject.count == depth { throw .tooDeep(limits.depth, at: index) }
                    isObject.append(byte == UInt8(ascii: "{"))
                    index += 1
                    expect = byte == UInt8(ascii: "{") ? .keyOrEnd : .valueOrEnd
                case UInt8(ascii: "]") where expect == .valueOrEnd: close(&expect)
                default:
                    try scalar(byte)
                    expect = .commaOrEnd
                }
            }
        } while !isObject.isEmpty
    }

    private mutating func close(_ expect: inout Expect) {
        index += 1
        isObject.removeLast()
        expect = .commaOrEnd
    }

    private mutating func scalar(_ byte: UInt8?) throws(Refusal) {
        switch byte {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case UInt8(ascii: "-"), .some(0x30...0x39): try number()
        default: throw unexpected("a value was expected")
        }
    }

    private mutating func literal(_ word: StaticString) throws(Refusal) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard index < end, text[index] == word.utf8Start[offset] else { throw unexpected("\(word) was expected") }
            index += 1
        }
    }

    private mutating func digits() throws(Refusal) {
        guard index < end, 0x30...0x39 ~= text[index] else { throw unexpected("a digit was expected") }
        while index < end, 0x30...0x39 ~= text[index] { index += 1 }
    }

    private mutating func number() throws(Refusal) {
        let begin = index
        if text[index] == UInt8(ascii: "-") { index += 1 }
        if index < end, text[index] == 0x30 {
            index += 1
            if index < end, 0x30...0x39 ~= text[index] { throw unexpected("a number does not begin with a zero and a digit") }
        } else {
            try digits()
        }
        var isInteger = true
        if index < end, text[index] == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            try digits()
        }
        let hasExponent = index < end && text[index] | 0x20 == UInt8(ascii: "e")
        if hasExponent {
            isInteger = false
            index += 1
            if index < end, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        let written = UnsafeBufferPointer(start: text + begin, count: index - begin)
        // Without an exponent it takes hundreds of digits to leave a double's range.
        if hasExponent || written.count > 300 {
            let value = JSONNumber.double(written)
            if value.isInfinite || (value == 0 && JSONNumber.isNonZero(written)) { throw .outOfRange(at: begin) }
        }
        if isInteger, !JSONNumber.isOf64Bits(written) { large.append(begin..<index) }
    }

    // MARK: strings

    private mutating func string() throws(Refusal) {
        index += 1
        while true {
            guard index < end else { throw unexpected("a closing quote was expected") }
            switch text[index] {
            case UInt8(ascii: "\""):
                index += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0: throw .nul(at: index)
            case 0x01..<0x20: throw .malformed("a control character stands in a string without an escape", at: index)
            case 0x20..<0x80: index += 1
            default:
                let count = sequence()
                if count == 0 { throw .notUTF8("the bytes are not UTF-8", at: index) }
                index += count
            }
        }
    }

    private mutating func escape() throws(Refusal) {
        let begin = index
        index += 1
        guard index < end else { throw unexpected("an escape was expected") }
        switch text[index] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 1
        case UInt8(ascii: "u"):
            let high = try unit()
            if high == 0 { throw .nul(at: begin) }
            if high & 0xF800 != 0xD800 { return }
            guard high < 0xDC00, index + 1 < end, text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u") else {
                throw .loneSurrogate(at: begin)
            }
            index += 1
            guard try unit() & 0xFC00 == 0xDC00 else { throw .loneSurrogate(at: begin) }
        default: throw unexpected("JSON has no such escape")
        }
    }

    /// Behind a `u`.
    private mutating func unit() throws(Refusal) -> UInt32 {
        index += 1
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard index < end, Self.isHexDigit(text[index]) else { throw unexpected("four hexadecimal digits were expected") }
            value = value << 4 | Self.hexDigit(text[index])
            index += 1
        }
        return value
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || 0x41...0x46 ~= byte || 0x61...0x66 ~= byte
    }

    /// Of a digit that is one.
    static func hexDigit(_ byte: UInt8) -> UInt32 { UInt32(byte < 0x3A ? byte &- 0x30 : (byte | 0x20) &- 0x57) }

    /// Bytes of the UTF-8 sequence at `index`, whose first is above 0x7F; 0 when there is none (Unicode's table 3-7).
    private func sequence() -> Int {
        let lead = text[index]
        func follows(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            index + offset < end && range ~= text[index + offset]
        }
        switch lead {
        case 0xC2...0xDF: return follows(1) ? 2 : 0
        case 0xE0...0xEF:
            let second: ClosedRange<UInt8> = lead == 0xE0 ? 0xA0...0xBF : lead == 0xED ? 0x80...0x9F : 0x80...0xBF
            return follows(1, second) && follows(2) ? 3 : 0
        case 0xF0...0xF4:
            let second: ClosedRange<UInt8> = lead == 0xF0 ? 0x90...0xBF : lead == 0xF4 ? 0x80...0x8F : 0x80...0xBF
            return follows(1, second) && follows(2) && follows(3) ? 4 : 0
        default: return 0
        }
    }
}
