import Testing

@testable import Collector

/// What a body is refused with; position nil where it cannot be told.
struct Refused: Sendable, CustomTestStringConvertible {
    let body: [UInt8]
    let code: String
    let position: Int?
    var status = 400
    var format = PackageFormat.array
    var line: Int?

    init(_ body: String, _ code: String, _ position: Int?, status: Int = 400) {
        self.init(Array(body.utf8), code, position, status: status)
    }

    init(_ body: [UInt8], _ code: String, _ position: Int?, status: Int = 400) {
        self.body = body
        self.code = code
        self.position = position
        self.status = status
    }

    static func lines(_ body: String, _ code: String, _ position: Int?, line: Int?, status: Int = 400) -> Refused {
        var made = Refused(body, code, position, status: status)
        made.format = .lines
        made.line = line
        return made
    }

    var testDescription: String { "\(code): \(String(decoding: body.prefix(60), as: UTF8.self))" }
}

private func utf16(_ text: String, bigEndian: Bool, mark: Bool) -> [UInt8] {
    ((mark ? [0xFEFF] : []) + Array(text.utf16)).flatMap { unit in
        bigEndian ? [UInt8(unit >> 8), UInt8(unit & 255)] : [UInt8(unit & 255), UInt8(unit >> 8)]
    }
}

private let small: PackageLimits = {
    var limits = PackageLimits()
    limits.bodyBytes = 300_000
    limits.events = 100
    limits.depth = 4
    limits.eventBytes = 1000
    return limits
}()

@Suite struct PackageRefusalTests {
    @Test(arguments: [
        // Syntax.
        Refused("[1,2", "malformed_json", 4), Refused("[1,]", "malformed_json", 3), Refused("[,1]", "malformed_json", 1),
        Refused("[1 2]", "malformed_json", 3), Refused("[NaN]", "malformed_json", 1), Refused("[-Infinity]", "malformed_json", 2),
        Refused("[01]", "malformed_json", 2), Refused("[1.]", "malformed_json", 3), Refused("[nul]", "malformed_json", 4),
        Refused(#"[{"a":1,}]"#, "malformed_json", 8), Refused("[{a:1}]", "malformed_json", 2), Refused("[{'a':1}]", "malformed_json", 2),
        Refused("[1] // no", "malformed_json", 4), Refused("[/**/1]", "malformed_json", 1), Refused("[\"a\tb\"]", "malformed_json", 3),
        Refused(#"["\x"]"#, "malformed_json", 3), Refused(#"["\u12g4"]"#, "malformed_json", 6), Refused(#"["a]"#, "malformed_json", 4),
        Refused("[1]]", "malformed_json", 3), Refused("[}", "malformed_json", 1), Refused(#"{"a":}"#, "malformed_json", 5),
        // Not a list of events.
        Refused("{}", "not_an_array", 0), Refused(" \n\"[]\"", "not_an_array", 2), Refused("12", "not_an_array", 0),
        Refused("null", "not_an_array", 0), Refused("[]", "empty_package", nil), Refused(" [ ] ", "empty_package", nil),
        Refused("", "empty_package", nil), Refused(" \n ", "empty_package", nil),
        // Encodings.
        Refused([0xEF, 0xBB, 0xBF] + Array("[1]".utf8), "byte_order_mark", 0),
        Refused(utf16("[{}]", bigEndian: true, mark: true), "not_utf8", 0), Refused(utf16("[{}]", bigEndian: false, mark: true), "not_utf8", 0),
        Refused(utf16("[{}]", bigEndian: true, mark: false), "not_utf8", 0), Refused(utf16("[{}]", bigEndian: false, mark: false), "not_utf8", 0),
        Refused(Array("[\"a".utf8) + [0xFF] + Array("\"]".utf8), "not_utf8", 3), Refused(Array("[\"".utf8) + [0xC0, 0x80] + Array("\"]".utf8), "not_utf8", 2),
        Refused(Array("[\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"]".utf8), "not_utf8", 2),
        Refused(Array("[\"".utf8) + [0xF4, 0x90, 0x80, 0x80] + Array("\"]".utf8), "not_utf8", 2),
        Refused(Array("[\"é".utf8.dropLast()) + Array("\"]".utf8), "not_utf8", 2), Refused("[\u{A0}1]", "malformed_json", 1),
        // What simdjson takes.
        Refused(#"[{"a":1,"a":2}]"#, "duplicate_key", 8), Refused(#"[{"a":1,"\u0061":2}]"#, "duplicate_key", 8),
        Refused(#"[{},{"b":{"x":[{"":0,"":0}]}}]"#, "duplicate_key", 21), Refused(#"[{"é":1,"\u00E9":2}]"#, "duplicate_key", 9),
        Refused(#"["a\u0000b"]"#, "nul_escape", 3), Refused(#"[{"a\u0000":1}]"#, "nul_escape", 4), Refused(Array("[\"a\0b\"]".utf8), "nul_escape", 3),
        Refused(Array("[1,\0]".utf8), "nul_escape", 3), Refused(#"["\\u0000\u0000"]"#, "nul_escape", 9),
        Refused(#"["\ud800"]"#, "lone_surrogate", 2), Refused(#"["\udc00"]"#, "lone_surrogate", 2), Refused(#"["\ud83d\ud83d"]"#, "lone_surrogate", 2),
        Refused(#"["\ud83d\u0041"]"#, "lone_surrogate", 2), Refused(#"["\ud83d\ude00\uDE00"]"#, "lone_surrogate", 14),
        Refused("[1e400]", "number_out_of_range", 1), Refused("[-1e400]", "number_out_of_range", 1), Refused("[{\"a\":1e-400}]", "number_out_of_range", 6),
        Refused("[-0.0000001e-320]", "number_out_of_range", 1), Refused("[\(String(repeating: "9", count: 309))]", "number_out_of_range", 1),
        // The first of several.
        Refused(#"[{"a":"\u0000","b":1,"b":2}]"#, "nul_escape", 7), Refused(#"[{"b":1,"b":2,"a":"\u0000"}]"#, "duplicate_key", 8),
        Refused(#"[1e-999,"\ud800"]"#, "number_out_of_range", 1), Refused(#"["\ud800",1e999]"#, "lone_surrogate", 2),
        // Limits.
        Refused("[[[[[[]]]]]]", "too_deep", 5, status: 413), Refused(#"[{"a":[{"b":[{}]}]}]"#, "too_deep", 13, status: 413),
        Refused("[" + String(repeating: "1,", count: 100) + "1]", "too_many_events", 201, status: 413),
        Refused("[1,\"" + String(repeating: "x", count: 999) + "\"]", "event_too_large", 3, status: 413),
        Refused(String(repeating: " ", count: 300_001), "body_too_large", nil, status: 413),
        Refused(String(repeating: "[", count: 100_000), "too_deep", 5, status: 413),
        Refused(String(repeating: #"{"a":"#, count: 50_000), "too_deep", 25, status: 413),
        Refused("[" + String(repeating: "[],", count: 99_000) + "[]]", "too_many_events", 301, status: 413),
        // Lines.
        .lines("", "empty_package", nil, line: nil), .lines("\r\n \n", "empty_package", nil, line: nil), .lines("{}\n{", "malformed_json", 4, line: 2),
        .lines("{}\n\n1,2\n", "malformed_json", 5, line: 3),
        .lines("[\n1]", "malformed_json", 1, line: 1), .lines("{\"a\":1\n\"b\":2}", "malformed_json", 6, line: 1),
        .lines("\"a\nb\"", "malformed_json", 2, line: 1), .lines("1\n]\n[", "malformed_json", 2, line: 2), .lines("1] ,[2", "malformed_json", 1, line: 1),
        .lines("{}\n{\"a\":1,\"a\":1}", "duplicate_key", 10, line: 2), .lines("1\n\n\"\\u0000\"", "nul_escape", 4, line: 3),
        .lines("1\n1e999", "number_out_of_range", 2, line: 2), .lines("[[[[[]]]]]", "too_deep", 4, line: 1, status: 413),
        .lines(String(repeating: "1\n", count: 101), "too_many_events", 200, line: 101, status: 413),
        .lines("1\n\"" + String(repeating: "x", count: 999) + "\"", "event_too_large", 2, line: 2, status: 413),
        .lines("\u{FEFF}{}", "byte_order_mark", 0, line: 1),
    ])
    func refuses(_ expected: Refused) throws {
        let found = try #require(PackageReader(limits: small).refusal(expected.body, format: expected.format))
        #expect(found.code == expected.code, "\(found)")
        #expect(found.status == expected.status, "\(found)")
        #expect(found.position == expected.position, "\(found)")
        #expect(found.line == expected.line, "\(found)")
    }

    @Test func takesWhatStandsAtTheLimits() throws {
        let reader = PackageReader(limits: small)
        #expect(try reader.outcomes("[[[[[1]]]]]").count == 1)
        #expect(try reader.outcomes("[[[[1]]]]", format: .lines).count == 1)
        #expect(try reader.outcomes("[" + String(repeating: "1,", count: 99) + "1]").count == 100)
        #expect(try reader.outcomes("[\"" + String(repeating: "x", count: 998) + "\"]")[0].value.count == 1000)
        #expect(try reader.outcomes("[1]" + String(repeating: " ", count: 299_997)).count == 1)
        #expect(try reader.outcomes(#"[{"a":{"a":{"a":"\uD83D\uDE00 \\ud800 \\u0000"}}}]"#)[0].code == "unknown_field")
    }

    /// Time linear in the bytes, whatever they are: each takes milliseconds; quadratic ones would take minutes.
    @Test(.timeLimit(.minutes(1))) func isNotStalled() throws {
        var limits = PackageLimits()
        limits.eventBytes = limits.bodyBytes
        let reader = PackageReader(limits: limits)
        let many = (0..<200_000).map { #""\#($0)":1"# }
        #expect(try reader.outcomes("[{\(many.joined(separator: ","))}]")[0].code == "unknown_field")
        let twice = reader.refusal(Array("[{\(many.joined(separator: ",")),\"7\":1}]".utf8))
        #expect(twice?.code == "duplicate_key")
        // Keys that differ in their middle only.
        let alike = (0..<2000).map { number in
            "\"\(String(repeating: "a", count: 200))\(number)\(String(repeating: "b", count: 200))\":1"
        }
        #expect(try reader.outcomes("[{\(alike.joined(separator: ","))}]")[0].code == "unknown_field")
        for text in ["[", "{", "[[],", #"{"":"#, "\"\\u0000", "\\", "[1e", "-", "[{}{", "\u{FFFD}"] {
            let count = (1 << 20) / text.utf8.count
            #expect(reader.refusal(Array(String(repeating: text, count: count).utf8)) != nil)
            #expect(reader.refusal(Array(String(repeating: text + "\n", count: count).utf8), format: .lines) != nil)
        }
        #expect(reader.refusal(Array("[0.\(String(repeating: "0", count: 1 << 20))1]".utf8))?.code == "number_out_of_range")
        #expect(try reader.outcomes("[0.\(String(repeating: "0", count: 1 << 20))]").count == 1)
        #expect(try reader.outcomes("[" + String(repeating: "9999999999999999999999,", count: 9999) + "0]").count == 10_000)
    }
}
