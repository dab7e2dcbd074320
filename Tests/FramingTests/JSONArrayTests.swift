import Foundation
import Framing
import Testing

@Suite struct JSONArrayTests {
    /// Records as `text` for good ones and `defect:text` for others.
    func frame(_ text: String, _ options: JSONOptions = JSONOptions()) throws -> [String] {
        try frameJSON(text, options).map { ($0.defect.map { "\($0.rawValue):" } ?? "") + $0.text }
    }

    @Test func elementsAreRecords() throws {
        let records = try frameJSON("\n[\n  {\"a\": [1,\n 2]},\n  {\"b\": \"],[\"} , 3,\"x\"\n]\n")
        #expect(records.map(\.text) == ["{\"a\": [1,\n 2]}", "{\"b\": \"],[\"}", "3", "\"x\""])
        #expect(records.map(\.line) == [3, 5, 5, 5])
        #expect(records.map(\.position) == [1, 2, 3, 4])
        #expect(records.allSatisfy { $0.defect == nil })
    }

    @Test func brokenElementIsOneRecord() throws {
        #expect(try frame(#"[{"a":1},{"a":},{"b":2}]"#) == [#"{"a":1}"#, #"invalid_json:{"a":}"#, #"{"b":2}"#])
        #expect(try frame(#"[1, NaN, 'x', 2]"#) == ["1", "invalid_json:NaN", "invalid_json:'x'", "2"])
        #expect(try frame(#"[{"a":[1,{"b":[}],"c":","},2]"#) == [#"invalid_json:{"a":[1,{"b":[}],"c":","}"#, "2"])
        #expect(try frame(#"[{"a":1]},{"b":2}]"#) == [#"invalid_json:{"a":1]}"#, #"{"b":2}"#])
        #expect(try frame(#"[{"a":[1},{"b":2}]"#) == [#"invalid_json:{"a":[1}"#, #"{"b":2}"#])
        #expect(
            try frame(#"[{"a":1,"a":2},"\uD800",1e999,"\u0000",3]"#)
                == [
                    #"duplicate_key:{"a":1,"a":2}"#, #"json_escape:"\uD800""#, "json_number:1e999",
                    #"nul_byte:"\u0000""#, "3",
                ])
        #expect(try frame("[[[1]],[2],3]", JSONOptions(maxDepth: 1)) == ["json_depth:[[1]]", "[2]", "3"])
    }

    @Test func emptyElements() throws {
        #expect(try frame("[,1]") == ["invalid_json:", "1"])
        #expect(try frame("[1,,2]") == ["1", "invalid_json:", "2"])
        #expect(try frame("[1,]") == ["1", "invalid_json:"])
        #expect(try frame("[,]") == ["invalid_json:", "invalid_json:"])
    }

    @Test func missingCommaCostsTheElementBehindIt() throws {
        #expect(try frame("[1 2, 3]") == ["1", "invalid_json:2", "3"])
        #expect(
            try frame("[{\"a\":1}\n{\"b\":2}\n{\"c\":3},\n{\"d\":4}]")
                == ["{\"a\":1}", "invalid_json:{\"b\":2}", "invalid_json:{\"c\":3}", "{\"d\":4}"])
        #expect(try frame("[{\"a\":1}},\n{\"b\":2}]") == ["{\"a\":1}", "invalid_json:}", "{\"b\":2}"])
    }

    @Test func brokenQuotesAndBracesEndWithTheirLine() throws {
        // A quote left out.
        #expect(
            try frame("[\n{\"a\": \"x},\n{\"b\":2},\n{\"c\":3}\n]") == [
                "invalid_json:{\"a\": \"x}", "{\"b\":2}", "{\"c\":3}",
            ])
        // And the comma too.
        #expect(
            try frame("[\n{\"a\": \"x}\n{\"b\":2},\n{\"c\":3}\n]")
                == ["invalid_json:{\"a\": \"x}", "invalid_json:{\"b\":2}", "{\"c\":3}"])
        // A quote left out inside brackets.
        #expect(try frame("[\n{\"a\": [\"x]},\n{\"b\":2}\n]") == ["invalid_json:{\"a\": [\"x]}", "{\"b\":2}"])
        // A brace left out.
        #expect(
            try frame("[\n{\"a\": 1,\n{\"b\":2},\n{\"c\":3}\n]") == [
                "invalid_json:{\"a\": 1", "{\"b\":2}", "{\"c\":3}",
            ])
        // A broken element over several lines is still one.
        #expect(
            try frame("[\n{\n\"a\":\n{\n\"b\": oops,\n\"c\": [\n{\"d\":1},\n{\"e\":2}\n]\n}\n},\n7]")
                == ["invalid_json:{\n\"a\":\n{\n\"b\": oops,\n\"c\": [\n{\"d\":1},\n{\"e\":2}\n]\n}\n}", "7"])
    }

    @Test func tailBehindTheArray() throws {
        #expect(try frame("[1]\n\n x [2]\n3 \n") == ["1", "invalid_json:x [2]\n3"])
        #expect(try frame("[1],[2]") == ["1", "invalid_json:,[2]"])
        #expect(try frame("[1]\u{0}") == ["1", "nul_byte:\u{0}"])
        let records = try frameJSON("[1]\n" + String(repeating: "x", count: 50), JSONOptions(maxRecordBytes: 20))
        #expect(records.map(\.defect) == [nil, .recordTooLarge])
        #expect(records.map(\.line) == [1, 2])
    }

    @Test func arrayWithoutEnd() throws {
        #expect(try frame("[") == ["invalid_json:"])
        #expect(try frame("[1") == ["1", "invalid_json:"])
        #expect(try frame("[1, ") == ["1", "invalid_json:"])
        #expect(try frame("[1, {\"a\":1}\n") == ["1", "{\"a\":1}", "invalid_json:"])
        #expect(try frame("[1, {\"a\": [2,\n") == ["1", "invalid_json:{\"a\": [2,"])
        #expect(try frame("[1, \"x") == ["1", "invalid_json:\"x"])
        #expect(try frame("[1, tru") == ["1", "invalid_json:tru"])
    }

    @Test func elementLimitIsExact() throws {
        let options = JSONOptions(maxRecordBytes: 10)
        #expect(try frame("[\"23456789\",1234567890]", options) == ["\"23456789\"", "1234567890"])
        #expect(
            try frame("[\"234567890\",1,12345678901,2]", options)
                == ["record_too_large:\"234567890", "1", "record_too_large:1234567890", "2"])
        #expect(try frame("[{\"a\":[\"],}\",{}]},2]", options) == ["record_too_large:{\"a\":[\"],}", "2"])
        // Too broken to find its end: resumes at a line that begins with a brace.
        #expect(
            try frame("[{\"a\":[oops, oops,\n{\"b\":1},\n{\"c\":2}]", options)
                == ["record_too_large:{\"a\":[oops", "{\"b\":1}", "{\"c\":2}"])
        #expect(try frame("[1,\"23456789012345", options) == ["1", "record_too_large:\"234567890"])
    }

    @Test func linesAreCountedInsideElements() throws {
        let big = "[\n" + String(repeating: "0,\n", count: 400) + "0\n]"
        let records = try frameJSON("[\n\(big),\n{\"a\":\n1},\n{oops\n},\n5]", JSONOptions(maxRecordBytes: 500))
        #expect(records.map(\.line) == [2, 405, 407, 409])
        #expect(records.map(\.defect) == [.recordTooLarge, nil, .invalidJSON, nil])
    }

    /// Random arrays: as many elements, and each the same bytes, as went in; and Foundation counts them alike.
    @Test func randomArrays() throws {
        for seed in UInt64(0)..<300 {
            var random = Seeded(seed)
            let elements = (0..<random.below(12)).map { _ in JSONScannerTests.value(&random, 3) }
            let blank = random.pick(["", " ", "\n", "\r\n\t"])
            let text = "[\(blank)" + elements.joined(separator: "\(blank),\(blank)") + "\(blank)]\(blank)"
            let records = try frameJSON(MemorySource(Array(text.utf8), seed: seed), JSONOptions().chunked(16))
            #expect(records.map(\.text) == elements)
            #expect(records.allSatisfy { $0.defect == nil })
            let theirs = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [Any]
            #expect(theirs?.count == records.count)
        }
    }
}
