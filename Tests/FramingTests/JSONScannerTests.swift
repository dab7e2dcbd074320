import Foundation
import Framing
import Testing

/// What the scanner says of one record, through NDJSON files of one line.
@Suite struct JSONScannerTests {
    func defect(_ text: String, _ options: JSONOptions = JSONOptions()) throws -> Defect? {
        try defect(Array(text.utf8), options)
    }

    /// A first line makes the file NDJSON whatever the record is.
    func defect(_ bytes: [UInt8], _ options: JSONOptions = JSONOptions()) throws -> Defect? {
        let records = try frameJSON(MemorySource(Array("1\n".utf8) + bytes), options)
        #expect(records.count == 2)
        return records.last?.defect
    }

    @Test(arguments: [
        "{}", "[]", "0", "-0", "1", "-1.5", "1e5", "1E+5", "1.25e-3", "0.0", "0e0", "\"\"", "\"a\"", "true", "false",
        "null",
        " { \"a\" : 1 , \"b\" : [ 1 , \"x\" , null ] } ", "{\"a\":{\"b\":{}}}", "[[],[[]],{}]", "\t[1]\r",
        #""\"\\\/\b\f\n\r\t""#, #""\u0041\u00e5\uFFFF\uD83D\uDE00""#, "\"åäö€😀\"", "\"\u{7f}\"", "{\"\":1}",
        "{\"a\":1,\"A\":2}",
        "\"a string of more than eight bytes, and then some\"", "12345678901234567890123456789",
        "[1,2,3,4,5,6,7,8,9,10]", "{\"a\":[{\"a\":1},{\"a\":1}],\"b\":{\"a\":1}}",
    ])
    func valid(_ text: String) throws { #expect(try defect(text) == nil) }

    @Test(arguments: [
        "{", "}", "]", "[", "[1", "[1,", "[,1]", "[1,]", "[1 2]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{,}",
        "{\"a\" 1}",
        "{a:1}", "{'a':1}", "{1:1}", "{\"a\":}", "{\"a\":1 \"b\":2}", "{\"a\",\"b\"}", "[1}", "{\"a\":1]", "1 2",
        "{}{}", "[]]",
        "00", "01", "-", "-a", "+1", ".5", "1.", "1.e5", "1e", "1e+", "1ee5", "0x1", "1_0", "--1", "NaN", "Infinity",
        "-Infinity",
        "tru", "True", "nul", "nulll", "falsey", "undefined",
        "\"", "\"a", "\"\\", "\"\\\"", #""\a""#, #""\x41""#, #""\u""#, #""\u12""#, #""\u12g4""#, #""\U0041""#, #""\'""#,
        #""\uD800\u""#, #""\uD800\u12""#, "\"a\tb\"", "\"\u{1f}\"", "\"\u{1}23456789\"", "// x", "[1]/**/", "\u{feff}1",
        "\u{a0}1", "å",
        "'a'", "\"a\"\"b\"", "{\"a\":1}x", "\u{c}1", "\u{b}1",
    ])
    func invalid(_ text: String) throws { #expect(try defect(text) == .invalidJSON) }

    @Test func nulBytes() throws {
        #expect(try defect(#"{"a":"x\u0000y"}"#) == .nulByte)
        #expect(try defect(#"{"\u0000":1}"#) == .nulByte)
        #expect(try defect(#"{"a":"\\u0000"}"#) == nil)
        #expect(try defect(Array("{\"a\":\"".utf8) + [0] + Array("\"}".utf8)) == .nulByte)
        #expect(try defect([0x7b, 0x00, 0x7d]) == .nulByte)
        #expect(try defect(Array("{\"a\":\"".utf8) + [0xff, 0] + Array("\"}".utf8)) == .nulByte)
        #expect(try defect(#"{"a":"\u0000""#) == .invalidJSON)
    }

    @Test func badUTF8() throws {
        for bytes in [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80]] as [[UInt8]] {
            #expect(try defect(Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8)) == .invalidUTF8)
            #expect(try defect(Array("{\"a\":".utf8) + bytes) == .invalidUTF8)
        }
    }

    @Test(arguments: [
        #""\uD800""#, #""\uDC00""#, #""\uD800x""#, #""\uD800\n""#, #""\uD800\uD800""#, #""\uDC00\uD800""#,
        #""\uDBFF\u0041""#,
        #"{"\uD800":1}"#, #""\uD800\\uDC00""#, #""\uD83D\uDE00\uDE00""#,
    ])
    func loneSurrogates(_ text: String) throws { #expect(try defect(text) == .jsonEscape) }

    @Test func numberLimits() throws {
        for good in ["1e308", "1e-308", "1e0000000000308", "9007199254740993", String(repeating: "1", count: 400)] {
            #expect(try defect(good) == nil, "\(good)")
        }
        let digits = String(repeating: "1", count: 200)
        for bad in [
            "1e309", "1e-309", "1E+400", "1e131071", "1e99999999999999999999", "[0,1e309]",
            String(repeating: "1", count: 401),
            "\(digits).\(digits)1", "0.\(digits)\(digits)", "1e" + String(repeating: "0", count: 400),
        ] {
            #expect(try defect(bad) == .jsonNumber, "\(bad)")
        }
    }

    @Test(arguments: [
        #"{"a":1,"a":1}"#, #"{"a":1,"b":2,"a":3}"#, #"{"a":1,"\u0061":2}"#, #"{"\u0061":1,"a":2}"#, #"{"":1,"":2}"#,
        #"{"x":{"a":1,"a":2}}"#, #"[{"a":1},{"b":1,"b":1}]"#, #"{"å":1,"\u00e5":2}"#, #"{"😀":1,"\uD83D\uDE00":2}"#,
        #"{"a\/b":1,"a/b":2}"#, #"{"€":1,"\u20AC":2}"#, #"{"a":{"a":{}},"b":[{"a":1}],"a":0}"#, #"{"\n":1,"\u000a":2}"#,
        #"{"a name of more than eight bytes":1,"a name of more than eight bytes":2}"#,
    ])
    func duplicateNames(_ text: String) throws { #expect(try defect(text) == .duplicateKey) }

    @Test func duplicateNamesInObjectsOfAnySize() throws {
        for count in 1...70 {
            let names = (0..<count).map { "\"name\($0)\":\($0)" }
            #expect(try defect("{\(names.joined(separator: ","))}") == nil)
            for twice in Set([0, count / 2, count - 1]) {
                #expect(try defect("{\(names.joined(separator: ",")),\"\\u006eame\(twice)\":0}") == .duplicateKey)
            }
        }
        // Names that differ only in bytes that an escape could blur.
        #expect(try defect(#"{"a":1,"a ":2,"A":3,"\\u0061":4,"å":5,"a\u030a":6}"#) == nil)
    }

    @Test func depthLimit() throws {
        let options = JSONOptions(maxDepth: 3)
        #expect(try defect("[[[1]]]", options) == nil)
        #expect(try defect("[[[[1]]]]", options) == .jsonDepth)
        #expect(try defect(#"{"a":[{"b":1}]}"#, options) == nil)
        #expect(try defect(#"{"a":[{"b":{}}]}"#, options) == .jsonDepth)
        #expect(try defect("1", JSONOptions(maxDepth: 0)) == nil)
        #expect(try defect("[]", JSONOptions(maxDepth: 0)) == .jsonDepth)
        #expect(try defect(String(repeating: "[", count: 32) + String(repeating: "]", count: 32)) == nil)
        #expect(try defect(String(repeating: "[", count: 33) + String(repeating: "]", count: 33)) == .jsonDepth)
    }

    @Test func elementLimit() throws {
        let options = JSONOptions(maxElements: 4)
        #expect(try defect("[1,2,3,4]", options) == nil)
        #expect(try defect("[1,2,3,4,5]", options) == .jsonElements)
        #expect(try defect(#"{"a":[1,2,3]}"#, options) == nil)
        #expect(try defect(#"{"a":[1,2,3],"b":1}"#, options) == .jsonElements)
        #expect(try defect("[[],[],[],[],[]]", options) == .jsonElements)
    }

    @Test func syntaxComesBeforeWhatLeavesItWhole() throws {
        #expect(try defect(#"{"a":1,"a":2"#) == .invalidJSON)
        #expect(try defect(#"["\uD800",1e999,"\u0000"]"#) == .jsonEscape)
        #expect(try defect(#"[1e999,"\uD800","\u0000"]"#) == .jsonNumber)
    }

    /// Foundation's parser and ours agree on what is JSON, where the rules coincide: ASCII, no `\u`, small numbers.
    @Test func agreesWithFoundation() throws {
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"", "1", "-2.5", "0", "1e3", "true", "null", " ", "\\n",
            "x", "-", ".",
            "\"c\":", "{\"d\":1}", "[1,2]", "false",
        ]
        var random = Seeded(3)
        var valid = 0
        for _ in 0..<6000 {
            var text = ""
            if random.below(2) == 0 {
                for _ in 0..<1 + random.below(7) { text += random.pick(pieces) }
            } else {
                text = Self.value(&random, 3)
                if random.below(2) == 0 {
                    var bytes = Array(text.utf8)
                    bytes[random.below(bytes.count)] = random.pick(Array("{}[],:\"01e-. \\x".utf8))
                    text = String(decoding: bytes, as: UTF8.self)
                }
            }
            // Foundation lets a comma stand before a closing brace or bracket.
            let dense = text.filter { $0 != " " }
            if dense.isEmpty || dense.contains(",}") || dense.contains(",]") { continue }
            let theirs = (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
            let ours = try defect(text)
            if ours == .jsonNumber { continue }
            if theirs { valid += 1 }
            #expect((ours == nil || ours == .duplicateKey) == theirs, "\(text)")
        }
        #expect(valid > 1500)
    }

    /// A random value of JSON.
    static func value(_ random: inout Seeded, _ depth: Int) -> String {
        switch random.below(depth == 0 ? 5 : 8) {
        case 0: return "\(random.below(1000))"
        case 1: return "-\(random.below(10)).\(random.below(100))e-\(random.below(9))"
        case 2: return random.pick(["true", "false", "null"])
        case 3, 4:
            return "\"\(random.pick(["", "a", "text with \\\"quotes\\\" in it", "x\\\\", "eight by", "{[:]}"]))\""
        case 5, 6:
            return "{"
                + (0..<random.below(4)).map { "\"k\($0)\": " + value(&random, depth - 1) }.joined(separator: ", ") + "}"
        default: return "[" + (0..<random.below(4)).map { _ in value(&random, depth - 1) }.joined(separator: ",") + "]"
        }
    }
}
