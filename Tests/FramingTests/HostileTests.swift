import Testing

@testable import Framing

/// Large and hostile files. What is bounded is the bytes looked at and the bytes held, never the time.
@Suite struct HostileTests {
    struct Tally {
        var records = 0
        var defects: [Defect: Int] = [:]
        var scanned: Int64 = 0
        var held = 0
        var last = ""
        var lastLine: Int64 = 0

        mutating func add(_ record: FramedRecord) {
            records += 1
            if let defect = record.defect { defects[defect, default: 0] += 1 }
            if record.payload.count < 100 { last = String(decoding: record.payload, as: UTF8.self) }
            lastLine = record.line
        }
    }

    func tallyCSV(_ source: RepeatingSource) throws -> Tally {
        var framer = CSVFramer(source)
        var tally = Tally()
        // Stops early, so that work without bounds fails and does not hang.
        while framer.bytesScanned < 10 * Int64(source.count), let record = try framer.next() { tally.add(record) }
        tally.scanned = framer.bytesScanned
        tally.held = framer.bufferedBytes
        return tally
    }

    func tallyJSON(_ source: RepeatingSource) throws -> Tally {
        var framer = JSONFramer(source)
        var tally = Tally()
        // Stops early, so that work without bounds fails and does not hang.
        while framer.bytesScanned < 10 * Int64(source.count), let record = try framer.next() { tally.add(record) }
        tally.scanned = framer.bytesScanned
        tally.held = framer.bufferedBytes
        return tally
    }

    /// Each line opens a quote. The lines differ in what they look like from inside quotes.
    @Test(arguments: [
        // never closes: inside quotes the line closes one field and opens another
        ("the long run of text that opens a quote\",\"and leaves it open\n", Defect.openQuote),
        // the next line's first quote is out of place
        ("\"a line of fifty bytes that opens a quote and no more\n", .strayQuote),
        // the next line's quotes are doubled ones
        ("\"\"\"a line that opens a quote behind a doubled one\n", .strayQuote),
    ])
    func openQuotesAreNotQuadratic(_ line: String, _ defect: Defect) throws {
        let source = RepeatingSource(head: "a,b\n", piece: line, times: (20 << 20) / line.utf8.count, tail: "1,end\n")
        let tally = try tallyCSV(source)
        #expect(tally.records == source.times + 1)
        #expect(tally.defects[defect, default: 0] >= source.times - 1)
        #expect(tally.scanned < 8 * Int64(source.count))
        #expect(tally.held < 4 << 20)
        #expect(tally.last == "1,end")
        #expect(tally.lastLine == Int64(source.times) + 2)
    }

    /// Blocks of open quotes that end in a stray one, somewhat shorter and longer than the record limit.
    @Test(arguments: [5_000, 40_000])
    func strayQuoteFarAwayIsNotQuadratic(_ lines: Int) throws {
        let block = String(repeating: "the run of text\",\"left open\n", count: lines) + "y\"x\n"
        let source = RepeatingSource(head: "a,b\n", piece: block, times: (10 << 20) / block.utf8.count)
        let tally = try tallyCSV(source)
        #expect(tally.records == source.times * (lines + 1))
        #expect(tally.defects[.strayQuote, default: 0] > 0)
        #expect(tally.scanned < 8 * Int64(source.count))
    }

    @Test func fieldOf64MB() throws {
        let piece = String(repeating: "0123456789abcdef", count: 4096)
        let source = RepeatingSource(head: "a,b\n1,x\n2,\"", piece: piece, times: 1024, tail: "\"\n3,end\n")
        #expect(source.count > 64 << 20)
        let tally = try tallyCSV(source)
        #expect(tally.records == 3)
        #expect(tally.defects == [.recordTooLarge: 1])
        #expect(tally.last == "3,end")
        #expect(tally.lastLine == 4)
        #expect(tally.held < 4 << 20)
        #expect(tally.scanned < 6 * Int64(source.count))
    }

    @Test(arguments: [("", "\n"), ("[", ",")])
    func jsonStringOf64MB(_ open: String, _ between: String) throws {
        let piece = String(repeating: "0123456789abcdef", count: 4096)
        let close = open.isEmpty ? "\n" : "]"
        let source = RepeatingSource(
            head: "\(open){\"a\":1}\(between){\"b\":\"", piece: piece, times: 1024,
            tail: "\"}\(between){\"c\":3}\(close)")
        let tally = try tallyJSON(source)
        #expect(tally.records == 3)
        #expect(tally.defects == [.recordTooLarge: 1])
        #expect(tally.last == "{\"c\":3}")
        #expect(tally.held < 4 << 20)
        #expect(tally.scanned < 6 * Int64(source.count))
    }

    /// Broken elements must not be scanned again and again.
    @Test(arguments: [
        "{\"a\": [\n", "{\"a\": {\n", "[{\"a\":\n", "{\"a\": \"open\n", "{\"a\":1}\n", "{\"a\":1}}\n",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n", "]\n",
    ])
    func brokenArraysAreNotQuadratic(_ piece: String) throws {
        let source = RepeatingSource(head: "[\n", piece: piece, times: (4 << 20) / piece.utf8.count, tail: "]\n")
        let tally = try tallyJSON(source)
        #expect(tally.records > 0)
        #expect(tally.scanned < 8 * Int64(source.count))
        #expect(tally.held < 8 << 20)
    }

    /// An element that comes in small pieces must not be scanned anew for each.
    @Test func elementInManyPiecesIsNotQuadratic() throws {
        let element = "{\"a\":[" + String(repeating: "\"text\",", count: 9_000) + "1]}"
        let text = Array("[\(element),\(element),3]".utf8)
        var framer = JSONFramer(MemorySource(text, chunk: 64))
        var records = 0
        while let record = try framer.next() {
            records += 1
            #expect(record.defect == nil)
        }
        #expect(records == 3)
        #expect(framer.bytesScanned < 8 * Int64(text.count))
    }

    @Test func manyNamesAreNotQuadratic() throws {
        let names = (0..<9_999).map { "\"name number \($0)\":1" }.joined(separator: ",")
        #expect(try frameJSON("{\(names)}\n{\(names),\"name number 77\":2}").map(\.defect) == [nil, .duplicateKey])
    }

    @Test func deepNestingAndManyElements() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(try frameJSON("{\"a\":\(deep)\n1\n").map(\.defect) == [.jsonDepth, nil])
        let wide = String(repeating: "[],", count: 300_000)
        #expect(try frameJSON("{\"a\":[\(wide)1]}\n1\n").map(\.defect) == [.jsonElements, nil])
        #expect(try frameJSON("[1,[\(wide)1],\(deep)]").map(\.defect) == [nil, .jsonElements, .jsonDepth])
    }

    @Test func buffersStayFlatOnAnOrdinaryFile() throws {
        let source = RepeatingSource(
            head: "a,b,c\n", piece: "1000001,2024-05-06T07:08:09Z,\"x, \"\"y\"\"\"\n", times: 100_000)
        let tally = try tallyCSV(source)
        #expect(tally.records == 100_000 && tally.defects.isEmpty)
        #expect(tally.held < 300_000)
        #expect(tally.scanned < 6 * Int64(source.count))
    }
}
