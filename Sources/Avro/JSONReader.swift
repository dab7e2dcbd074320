/// Reads one strict JSON text (RFC 8259): UTF-8 without BOM, no duplicate keys, no lone surrogates, bounded depth.
struct JSONReader {
    private let bytes: [UInt8]
    private var index = 0
    private static let maxDepth = 128

    /// - Throws: `AvroError.Code.badJSON`, with the byte where.
    static func read(_ text: String) throws(AvroError) -> JSON {
        var reader = JSONReader(bytes: Array(text.utf8))
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        if reader.index < reader.bytes.count { throw reader.broken("something follows the JSON text") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func broken(_ message: String) -> AvroError { AvroError(.badJSON, message, offset: index) }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        index += 1
        return true
    }

    private mutating func value(depth: Int) throws(AvroError) -> JSON {
        if depth > Self.maxDepth { throw broken("JSON is nested more than \(Self.maxDepth) deep") }
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .boolean(true))
        case UInt8(ascii: "f"): return try literal("false", .boolean(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), .some(0x30...0x39): return .number(try number())
        case nil: throw broken("JSON ends where a value is expected")
        default: throw broken("a JSON value is expected")
        }
    }

    private mutating func object(depth: Int) throws(AvroError) -> JSON {
        index += 1
        var members: [JSON.Member] = []
        var keys: Set<ExactKey> = []
        skipBlanks()
        if take(UInt8(ascii: "}")) { return .object([]) }
        repeat {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw broken("a key in quotes is expected") }
            let key = try string()
            guard keys.insert(ExactKey(key)).inserted else { throw broken("key \(JSON.quoted(key)) is there twice") }
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw broken("a colon is expected") }
            members.append(JSON.Member(key: key, value: try value(depth: depth + 1)))
            skipBlanks()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw broken("a comma or } is expected") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(AvroError) -> JSON {
        index += 1
        var items: [JSON] = []
        skipBlanks()
        if take(UInt8(ascii: "]")) { return .array([]) }
        repeat {
            items.append(try value(depth: depth + 1))
            skipBlanks()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw broken("a comma or ] is expected") }
        return .array(items)
    }

    private mutating func literal(_ word: StaticString, _ value: JSON) throws(AvroError) -> JSON {
        for offset in 0..<word.utf8CodeUnitCount {
            guard take(word.utf8Start[offset]) else { throw broken("true, false or null is expected") }
        }
        return value
    }

    private mutating func digits() throws(AvroError) {
        guard let first = next, 0x30...0x39 ~= first else { throw broken("a digit is expected") }
        while let byte = next, 0x30...0x39 ~= byte { index += 1 }
    }

    private mutating func number() throws(AvroError) -> String {
        let start = index
        _ = take(UInt8(ascii: "-"))
        if take(0x30) {
            if let byte = next, 0x30...0x39 ~= byte { throw broken("a number starts with a zero") }
        } else {
            try digits()
        }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func string() throws(AvroError) -> String {
        index += 1
        var text: [UInt8] = []
        while let byte = next {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case 0..<0x20: throw broken("a control character stands in a string")
            case UInt8(ascii: "\\"): text += String(try escape()).utf8
            default: text.append(byte)
            }
        }
        throw broken("JSON ends inside a string")
    }

    private mutating func escape() throws(AvroError) -> Unicode.Scalar {
        guard let byte = next else { throw broken("JSON ends inside a string") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let high = try hex()
            if let scalar = Unicode.Scalar(high) { return scalar }
            // A high surrogate must be followed by the escape of a low one.
            guard high < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw broken("a surrogate stands alone") }
            let low = try hex()
            guard 0xDC00...0xDFFF ~= low, let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
            else { throw broken("a surrogate stands alone") }
            return scalar
        default: throw broken("no escape of JSON")
        }
    }

    private mutating func hex() throws(AvroError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw broken("four hexadecimal digits are expected")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}
