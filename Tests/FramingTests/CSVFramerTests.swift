import Framing
import Testing

@Suite struct CSVFramerTests {
    @Test func plainRecordsHaveNoFields() throws {
        let records = try frameCSV("1,x\n2,y\n")
        #expect(records.map(\.text) == ["1,x", "2,y"])
        #expect(records.map(\.position) == [1, 2])
        #expect(records.map(\.line) == [2, 3])
        #expect(records.allSatisfy { $0.fields == nil && $0.defect == nil })
    }

    @Test func lineEndsMayBeMixed() throws {
        let records = try frameCSV("1,a\r\n2,b\r3,c\n4,d\r\r\n5,e\n\r6,f")
        #expect(records.map(\.text) == ["1,a", "2,b", "3,c", "4,d", "5,e", "6,f"])
        // `\r\r\n` is a lone CR and an empty line, and so is `\n\r`.
        #expect(records.map(\.line) == [2, 3, 4, 5, 7, 9])
    }

    @Test func blankLinesCountAsLinesOnly() throws {
        let records = try frameCSV("\n\n1,a\n\r\n\n2,b\n\n")
        #expect(records.map(\.text) == ["1,a", "2,b"])
        #expect(records.map(\.position) == [1, 2])
        #expect(records.map(\.line) == [4, 7])
        #expect(try frameCSV(" \n").map(\.text) == [" "])
    }

    @Test func lastRecordNeedsNoLineEnd() throws {
        #expect(try frameCSV("1,a\n2,b").map(\.text) == ["1,a", "2,b"])
        #expect(try frameCSV("1,\"a\"").map(\.fieldTexts) == [["1", "a"]])
        #expect(try frameCSV("1,a\r").map(\.text) == ["1,a"])
        #expect(try frameCSV("1,").map(\.text) == ["1,"])
    }

    @Test func quotedFieldsAreDequoted() throws {
        let records = try frameCSV("\"1\",\"a, b\"\n\"say \"\"hi\"\"\",\n,\"\"\n\"\"\"\",\"\"\"x\"\n")
        #expect(records.map(\.fieldTexts) == [["1", "a, b"], ["say \"hi\"", ""], ["", ""], ["\"", "\"x"]])
        #expect(records[0].text == "\"1\",\"a, b\"")
        #expect(records.allSatisfy { $0.defect == nil })
    }

    @Test func quotedFieldMayHoldLineEnds() throws {
        let records = try frameCSV("1,\"a\nb\r\nc\rd\"\n2,e\n\"x\n\ny\",\n3,f")
        #expect(records.map(\.fieldTexts) == [["1", "a\nb\r\nc\rd"], nil, ["x\n\ny", ""], nil])
        #expect(records.map(\.line) == [2, 6, 7, 10])
    }

    @Test func quoteInsideAnUnquotedFieldIsLiteral() throws {
        let records = try frameCSV("5\" nail,x\n \"a\",b\n1\",\"2\"\n")
        #expect(records.map(\.fieldTexts) == [nil, nil, ["1\"", "2"]])
        #expect(records.allSatisfy { $0.defect == nil })
    }

    @Test func strayQuoteCostsOneLine() throws {
        let records = try frameCSV("\"a\"x,1\n2,b\n\"c\nd\" ,3\n4,e\n")
        #expect(records.map(\.text) == ["\"a\"x,1", "2,b", "\"c", "d\" ,3", "4,e"])
        #expect(records.map(\.defect) == [.strayQuote, nil, .strayQuote, nil, nil])
        #expect(records.map(\.line) == [2, 3, 4, 5, 6])
    }

    @Test func openQuoteCostsOneLine() throws {
        let records = try frameCSV("1,a\n2,\"open\n3,c\n4,d\n")
        #expect(records.map(\.text) == ["1,a", "2,\"open", "3,c", "4,d"])
        #expect(records.map(\.defect) == [nil, .openQuote, nil, nil])
        #expect(records.map(\.line) == [2, 3, 4, 5])
        #expect(try frameCSV("1,\"").map(\.defect) == [.openQuote])
        #expect(try frameCSV("1,\"x\"\"").map(\.defect) == [.openQuote])
    }

    @Test func openQuoteEndsAtTheRecordLimit() throws {
        let options = CSVOptions(maxRecordBytes: 20)
        let body = "\"x\n" + String(repeating: "12345,6\n", count: 5) + "\"y\",\"z\"\n"
        let records = try frameCSV(body, options)
        #expect(records.first?.text == "\"x")
        #expect(records.first?.defect == .openQuote)
        #expect(records.dropFirst().allSatisfy { $0.defect == nil })
        #expect(records.last?.fieldTexts == ["y", "z"])
        #expect(records.last?.line == 8)
    }

    @Test func recordLimitIsExact() throws {
        let options = CSVOptions(maxRecordBytes: 10)
        for ending in ["", "\n", "\r\n", "\r"] {
            #expect(try frameCSV("12345678,0\(ending)", options).map(\.defect) == [nil])
            #expect(try frameCSV("\"23456789\"\(ending)", options).map(\.defect) == [nil])
            #expect(try frameCSV("123456789,0\(ending)", options).map(\.defect) == [.recordTooLarge])
            #expect(try frameCSV("\"234567890\"\(ending)", options).map(\.defect) == [.recordTooLarge])
        }
    }

    @Test func tooLargeRecordKeepsItsBeginning() throws {
        let long = String(repeating: "abcdefghij", count: 1000)
        let records = try frameCSV("1,a\n\(long),x\r\n2,b\n", CSVOptions(maxRecordBytes: 6000))
        #expect(records.map(\.defect) == [nil, .recordTooLarge, nil])
        #expect(records[1].payload == Array(long.utf8.prefix(4096)))
        #expect(records.map(\.line) == [2, 3, 4])
        #expect(records[2].text == "2,b")
        let brief = try frameCSV("\(long)\n2,b\n", CSVOptions(maxRecordBytes: 100))
        #expect(brief[0].payload.count == 100)
        #expect(brief[1].text == "2,b")
    }

    @Test func tooLargeBehindClosedQuotesIsOneRecord() throws {
        let records = try frameCSV(
            "\"a\nb\",\(String(repeating: "x", count: 50))\n2,b\n", CSVOptions(maxRecordBytes: 20))
        #expect(records.map(\.defect) == [.recordTooLarge, nil])
        #expect(records.map(\.line) == [2, 4])
        #expect(records[0].text == "\"a\nb\",xxxxxxxxxxxxxx")
    }

    @Test func tooManyFields() throws {
        let options = CSVOptions(maxFields: 3)
        let records = try frameCSV("1,2,3\n1,2,3,4\n\"1\",2,3\n\"1\",2,3,4\n,,\n,,,\n", options)
        #expect(records.map(\.defect) == [nil, .tooManyFields, nil, .tooManyFields, nil, .tooManyFields])
        #expect(records.map { $0.fields == nil } == [true, true, false, true, true, true])
        let wide = String(repeating: "x,", count: 1023)
        #expect(try frameCSV("\(wide)x\n\(wide)x,x\n").map(\.defect) == [nil, .tooManyFields])
        #expect(try frameCSV("\"q\",\(wide.dropLast(2))x\n").first?.fields?.count == 1024)
    }

    @Test func byteDefectsAndTheirPrecedence() throws {
        func defect(_ bytes: [UInt8]) throws -> Defect? {
            try frameCSV(MemorySource(Array("a,b\n".utf8) + bytes + Array("\n1,ok\n".utf8))).first?.defect
        }
        #expect(try defect([0x31, 0x2c, 0x00]) == .nulByte)
        #expect(try defect([0x31, 0x2c, 0xff]) == .invalidUTF8)
        #expect(try defect([0xff, 0x2c, 0x00]) == .nulByte)
        #expect(try defect([0x22, 0x78, 0x22, 0x78, 0x00, 0xff]) == .strayQuote)
        #expect(try defect([0x22, 0x00, 0xff]) == .openQuote)
        #expect(try defect([0x22, 0x00, 0x22]) == .nulByte)
        #expect(try defect(Array("å,ä".utf8)) == nil)
        let quoted = try frameCSV("\"å\",ä\n")
        #expect(quoted[0].fieldTexts == ["å", "ä"])
    }

    @Test func otherDelimiters() throws {
        let records = try frameCSV(
            MemorySource(Array("a;b\n1;\"x;y\"\n2,3;4\n".utf8)), CSVOptions(delimiter: UInt8(ascii: ";")))
        #expect(records.map(\.fieldTexts) == [["1", "x;y"], nil])
        #expect(CSVOptions.isDelimiter(UInt8(ascii: "\t")))
        #expect(
            !CSVOptions.isDelimiter(UInt8(ascii: "\"")) && !CSVOptions.isDelimiter(0x0a)
                && !CSVOptions.isDelimiter(0xe9))
    }

    @Test func skipResumes() throws {
        let body = "a,b\n1,x\n\n\"2\n\",y\n\"3\"z\n4,w\n"
        let all = try frameCSV(MemorySource(Array(body.utf8)))
        #expect(all.count == 4)
        for count in 0...4 {
            var framer = CSVFramer(MemorySource(Array(body.utf8)))
            try framer.skip(records: Int64(count))
            var rest: [Framed] = []
            while let record = try framer.next() { rest.append(Framed(record)) }
            #expect(rest == Array(all.dropFirst(count)))
        }
        #expect(
            unreadable {
                var framer = CSVFramer(MemorySource(Array(body.utf8)))
                try framer.skip(records: 5)
            } == "resume_past_end")
    }

    @Test func bytesReadIsTheSizeAtTheEnd() throws {
        var framer = CSVFramer(MemorySource(Array("a,b\n1,x\n".utf8), chunk: 3))
        _ = try framer.header()
        #expect(framer.bytesRead == 8)
        while try framer.next() != nil {}
        #expect(framer.bytesRead == 8)
        var long = CSVFramer(RepeatingSource(head: "a,b\n", piece: "1,x\n", times: 100_000))
        _ = try long.header()
        #expect(long.bytesRead < 400_004)
        while try long.next() != nil {}
        #expect(long.bytesRead == 400_004)
        #expect(try framer.next() == nil)
    }

    @Test func anErrorOfTheSourceLosesNothing() throws {
        let name = String(repeating: "b", count: 100)
        let source = FailingSource(inner: MemorySource(Array("a,\(name)\n1,x\n2,y".utf8), chunk: 2), failures: 2)
        var framer = CSVFramer(source)
        #expect(try framer.next()?.position == 1)
        for _ in 0..<2 { #expect(throws: FailingSource.Failure.self) { _ = try framer.next() } }
        #expect(try framer.next().map { Framed($0).text } == "2,y")
        #expect(try framer.next() == nil)
    }
}
