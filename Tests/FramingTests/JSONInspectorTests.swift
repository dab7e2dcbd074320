import Framing
import Testing

/// Messages that come whole get the verdict that the same bytes get in a file of lines.
@Suite struct JSONInspectorTests {
    /// What the framer says of the bytes as a line; a first line makes the file NDJSON whatever they are.
    private func framed(_ bytes: [UInt8], _ options: JSONOptions = JSONOptions()) throws -> Defect? {
        let records = try frameJSON(MemorySource(Array("1\n".utf8) + bytes), options)
        try #require(records.count == 2, "\(bytes) is no line")
        return records[1].defect
    }

    private func inspected(_ bytes: [UInt8], _ options: JSONOptions = JSONOptions()) -> Defect? {
        var inspector = JSONInspector(options: options)
        return bytes.withUnsafeBytes { inspector.defect(of: $0) }
    }

    private static let texts: [String] = [
        "{}", "[]", "0", "-0", "1e5", "-1.25e-3", "\"\"", "true", "null", " {\"a\": [1, \"x\", null]} ", "\t[1]\r", "\"åäö€😀\"",
        #""\"\\\/\b\f\n\r\t\u0041\uD83D\uDE00""#, "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", "{\"a\":1,\"A\":2}",
        // no JSON
        "{", "}", "[1,]", "[1 2]", "{\"a\"", "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}", "{}{}", "1 2", "[1}", "01", "+1", ".5", "1.",
        "1e", "NaN", "Infinity", "nul", "nulll", "\"a", "\"\\", "\"\\x41\"", "\"\\u12g4\"", "\"a\tb\"", "// x", "\u{feff}1",
        "\u{a0}1", "\u{c}1", "{\"a\":1}x",
        // whole, and yet nothing for PostgreSQL
        #"{"a":"x\u0000y"}"#, #"{"\u0000":1}"#, #"{"a":"\\u0000"}"#, #""\uD800""#, #""\uDC00\uD800""#, #""\uD800\u0041""#,
        "{\"a\":1,\"a\":2}", #"{"a":1,"\u0061":2}"#, "{\"b\":[{\"x\":1,\"x\":1}]}", "1e309", "1e-309", "1e131071", "1E308",
        "{\"a\":1e400,\"a\":1}", "{\"a\":1,\"a\":1e400}", "[1e400",
        // deep, long, wide
        String(repeating: "[", count: 33) + String(repeating: "]", count: 33),
        String(repeating: "[", count: 32) + String(repeating: "]", count: 32), String(repeating: "[", count: 100_000),
        String(repeating: "{\"a\":", count: 100_000), "[" + String(repeating: "[],", count: 10_001) + "1]",
        "[" + String(repeating: "1,", count: 9_999) + "1]", "[" + String(repeating: "1,", count: 10_000) + "1]",
        String(repeating: "9", count: 400), String(repeating: "9", count: 401), "0." + String(repeating: "0", count: 500),
        "\"" + String(repeating: "a", count: 70_000) + "\"",
    ]

    private static let bytes: [[UInt8]] = [
        [0], [0x31, 0], [0x7b, 0, 0x7d], [0xff], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xc0, 0x80, 0x22],
        [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xff, 0, 0x22], [0xfe, 0xff, 0, 0x31], [0x31, 0, 0, 0], [0x1f, 0x8b, 8],
        [0x7b, 0xe2, 0x82], [0, 0, 0, 0, 42],
    ]

    private static let corpus = texts.map { Array($0.utf8) } + bytes

    @Test func sameBytesSameDefect() throws {
        var found: Set<Defect?> = []
        for payload in Self.corpus {
            let defect = try framed(payload)
            #expect(inspected(payload) == defect, "\(String(decoding: payload.prefix(60), as: UTF8.self).debugDescription)")
            found.insert(defect)
        }
        #expect(
            found == [
                nil, .invalidJSON, .nulByte, .invalidUTF8, .jsonEscape, .jsonNumber, .duplicateKey, .jsonDepth, .jsonElements,
            ], "the corpus has all of them")
    }

    /// Nothing of one message is left for the next.
    @Test func oneInspectorForAll() throws {
        var random = Seeded(4)
        var inspector = JSONInspector()
        for _ in 0..<1000 {
            let payload = random.pick(Self.corpus)
            let defect = payload.withUnsafeBytes { inspector.defect(of: $0) }
            #expect(defect == inspected(payload), "\(String(decoding: payload.prefix(60), as: UTF8.self).debugDescription)")
        }
    }

    /// A byte changed, cut out or put in.
    @Test func mutationsToo() throws {
        let seeds = Self.corpus.filter { $0.count < 200 && $0.count > 4 }
        var random = Seeded(9)
        var compared = 0
        for _ in 0..<4000 {
            var payload = random.pick(seeds)
            for _ in 0...random.below(3) {
                let place = random.below(payload.count)
                switch random.below(3) {
                case 0: payload[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: payload.remove(at: place)
                default: payload.insert(random.pick(Array("\"\\{}[],:0u".utf8)), at: place)
                }
            }
            let isLine = !payload.contains(0x0a) && payload.contains { ![0x20, 0x09, 0x0d].contains($0) }
            guard isLine else { continue }
            compared += 1
            #expect(try inspected(payload) == framed(payload), "\(payload)")
        }
        #expect(compared > 3500)
    }

    @Test func limits() throws {
        let small = JSONOptions(maxRecordBytes: 20, maxDepth: 2, maxElements: 3)
        for text in [
            "\"123456789012345678\"", "\"1234567890123456789\"", "\"12345678901234567\u{0}\"", "\"123456789012345678\u{0}\"",
            "[[1]]", "[[[1]]]", "{\"a\":{\"b\":[]}}", "[1,2,3]", "[1,2,3,4]", "{\"a\":[1,2]}", "{\"a\":[1,2,3]}",
        ] {
            let payload = Array(text.utf8)
            #expect(try inspected(payload, small) == framed(payload, small), "\(text.debugDescription)")
        }
        #expect(inspected([UInt8](repeating: 0, count: 21), small) == .recordTooLarge, "before anything is looked at")
        #expect(inspected([UInt8](repeating: 0x20, count: 1 << 20)) == .invalidJSON)
        #expect(inspected([UInt8](repeating: 0x20, count: 1 << 20 + 1)) == .recordTooLarge)
        #expect(inspected(Array("1".utf8), JSONOptions(maxDepth: 0, maxElements: 0)) == nil)
        #expect(inspected(Array("[]".utf8), JSONOptions(maxDepth: 0, maxElements: 0)) == .jsonDepth)
    }

    /// A file's framer skips blank lines; a blank message is a message.
    @Test(arguments: ["", " ", "\n", " \t\r\n "]) func blanksAreNoJSON(_ text: String) {
        #expect(inspected(Array(text.utf8)) == .invalidJSON)
    }

    @Test func noAddress() {
        var inspector = JSONInspector()
        #expect(inspector.defect(of: UnsafeRawBufferPointer(start: nil, count: 0)) == .invalidJSON)
    }

    /// A message may be of several lines.
    @Test func lineEndsAreBlanks() {
        #expect(inspected(Array("{\r\n \"a\": 1,\n \"b\": [\n]\n}\n\n".utf8)) == nil)
        #expect(inspected(Array("{\"a\": 1}\n{\"a\": 1}\n".utf8)) == .invalidJSON)
        #expect(inspected(Array("\"a\nb\"".utf8)) == .invalidJSON)
    }
}
