import Framing
import Testing

@Suite struct JSONFramerTests {
    @Test func linesAreRecords() throws {
        let records = try frameJSON("{\"a\":1}\n{\"b\":2}\r\n\n \t\r\n3\n\"x\"")
        #expect(records.map(\.text) == ["{\"a\":1}", "{\"b\":2}", "3", "\"x\""])
        #expect(records.map(\.position) == [1, 2, 3, 4])
        #expect(records.map(\.line) == [1, 2, 5, 6])
        #expect(records.allSatisfy { $0.defect == nil && $0.fields == nil })
    }

    @Test func oneBadLineIsOneDefect() throws {
        let records = try frameJSON("{\"a\":1}\n{\"a\":\nnot json\n{\"a\":2}\n")
        #expect(records.map(\.defect) == [nil, .invalidJSON, .invalidJSON, nil])
        #expect(records.map(\.text)[1...2] == ["{\"a\":", "not json"])
    }

    @Test func filesWithoutRecords() throws {
        for text in ["", "\n\n", " \r\n\t", "[]", " \n[ \n] \n", "\u{feff}", "\u{feff}[]"] {
            #expect(try frameJSON(text).isEmpty, "\(text.debugDescription)")
        }
    }

    @Test func layoutIsToldByTheFirstByte() throws {
        var lines = JSONFramer(MemorySource(Array("\n {\"a\":[]}\n".utf8)))
        #expect(try lines.next() != nil)
        #expect(lines.isArray == false)
        var array = JSONFramer(MemorySource([0xef, 0xbb, 0xbf] + Array("\n [1]\n".utf8)))
        #expect(try array.next() != nil)
        #expect(array.isArray == true)
    }

    @Test func blanksBeforeTheFirstRecordAreNotPartOfIt() throws {
        let records = try frameJSON("\n\n  {\"a\":1}\n  {\"b\":2}\n")
        #expect(records.map(\.text) == ["{\"a\":1}", "  {\"b\":2}"])
        #expect(records.map(\.line) == [3, 4])
    }

    @Test func encodings() throws {
        #expect(
            try frameJSON(MemorySource([0xef, 0xbb, 0xbf] + Array("1\n2\n".utf8), chunk: 1)).map(\.text) == ["1", "2"])
        for bytes in [
            [0xff, 0xfe, 0x5b, 0, 0x5d, 0], [0xfe, 0xff, 0, 0x5b, 0, 0x5d], [0x5b, 0, 0x31, 0, 0x5d, 0],
            [0, 0x5b, 0, 0x5d],
        ]
            as [[UInt8]]
        {
            #expect(unreadable { _ = try frameJSON(MemorySource(bytes)) } == "utf16")
        }
        #expect(unreadable { _ = try frameJSON(MemorySource([0xff, 0xfe, 0, 0, 0x5b, 0, 0, 0])) } == "utf32")
    }

    @Test func lineLimitIsExact() throws {
        let options = JSONOptions(maxRecordBytes: 10)
        for ending in ["", "\n"] {
            #expect(try frameJSON("1\n\"23456789\"\(ending)", options).map(\.defect) == [nil, nil])
            #expect(try frameJSON("1\n\"234567890\"\(ending)", options).map(\.defect) == [nil, .recordTooLarge])
        }
        // The CR counts.
        #expect(try frameJSON("1\n\"2345678\"\r\n", options).map(\.defect) == [nil, nil])
        #expect(try frameJSON("1\n\"23456789\"\r\n", options).map(\.defect) == [nil, .recordTooLarge])
        let long = String(repeating: "x", count: 9000)
        let records = try frameJSON("1\n\"\(long)\"\n2\n", JSONOptions(maxRecordBytes: 5000))
        #expect(records.map(\.defect) == [nil, .recordTooLarge, nil])
        #expect(records[1].payload.count == 4096)
        #expect(records.map(\.line) == [1, 2, 3])
    }

    @Test func skipResumes() throws {
        for text in ["1\n\n{\"a\":1}\nbad\n4\n", "[1,\n{\"a\":1}, bad,\n4]\n"] {
            let all = try frameJSON(text)
            #expect(all.count == 4)
            for count in 0...4 {
                var framer = JSONFramer(MemorySource(Array(text.utf8)))
                try framer.skip(records: Int64(count))
                var rest: [Framed] = []
                while let record = try framer.next() { rest.append(Framed(record)) }
                #expect(rest == Array(all.dropFirst(count)))
                #expect(framer.bytesRead == Int64(text.utf8.count))
            }
            #expect(
                unreadable {
                    var framer = JSONFramer(MemorySource(Array(text.utf8)))
                    try framer.skip(records: 5)
                } == "resume_past_end")
        }
    }

    @Test func anErrorOfTheSourceLosesNothing() throws {
        for text in [
            "\"\(String(repeating: "x", count: 99))\"\n2\n3", "[\"\(String(repeating: "x", count: 99))\", 2, 3",
        ] {
            let expected = try frameJSON(text)
            let source = FailingSource(inner: MemorySource(Array(text.utf8), chunk: 7), failures: 3)
            var framer = JSONFramer(source)
            var records: [Framed] = []
            var failures = 0
            while true {
                do {
                    guard let record = try framer.next() else { break }
                    records.append(Framed(record))
                } catch {
                    failures += 1
                }
            }
            #expect(records == expected)
            #expect(failures == 3)
        }
    }
}
