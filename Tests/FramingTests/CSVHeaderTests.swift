import Framing
import Testing

@Suite struct CSVHeaderTests {
    func header(_ bytes: [UInt8], _ options: CSVOptions = CSVOptions()) throws -> [String] {
        var framer = CSVFramer(MemorySource(bytes), options: options)
        return try framer.header()
    }

    func header(_ text: String) throws -> [String] { try header(Array(text.utf8)) }

    func refusal(_ bytes: [UInt8]) -> String? { unreadable { _ = try header(bytes) } }

    func refusal(_ text: String) -> String? { refusal(Array(text.utf8)) }

    @Test func namesAreTrimmedAndDequoted() throws {
        #expect(try header("id, name\t,\"e-mail\",\" place \"\n1,2,3,4\n") == ["id", "name", "e-mail", "place"])
        #expect(try header("id") == ["id"])
        #expect(try header("\r\n\nid,b\r\n") == ["id", "b"])
        #expect(try header("nimi,sähköposti\n") == ["nimi", "sähköposti"])
        #expect(try header("\"a \"\"b\"\"\nc\",d\n") == ["a \"b\"\nc", "d"])
    }

    @Test func byteOrderMarkIsSkipped() throws {
        #expect(try header([0xef, 0xbb, 0xbf] + Array("id,b\n".utf8)) == ["id", "b"])
        #expect(try header([0xef, 0xbb, 0xbf] + Array("\"id\",b\n".utf8)) == ["id", "b"])
        let records = try frameCSV(MemorySource([0xef, 0xbb, 0xbf] + Array("id,b\n1,2\n".utf8), chunk: 1))
        #expect(records.map(\.text) == ["1,2"])
        #expect(records.map(\.line) == [2])
    }

    @Test func otherEncodingsAreRefused() {
        let text = "id,name\n1,x\n"
        let little = text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        #expect(refusal([0xff, 0xfe] + little) == "utf16")
        #expect(refusal([0xfe, 0xff] + big) == "utf16")
        #expect(refusal(little) == "utf16")
        #expect(refusal(big) == "utf16")
        #expect(refusal([0xff, 0xfe, 0, 0, 0x69, 0, 0, 0]) == "utf32")
        #expect(refusal([0, 0, 0xfe, 0xff, 0, 0, 0, 0x69]) == "utf32")
        let cyrillic = "имя,город,улица,дом,квартира,телефон,почта".utf16.flatMap {
            [UInt8($0 & 0xff), UInt8($0 >> 8)]
        }
        #expect(refusal(cyrillic) != nil)
    }

    @Test func emptyFilesAreRefused() {
        #expect(refusal("") == "empty_file")
        #expect(refusal("\n\r\n\r\n") == "empty_file")
        #expect(refusal([0xef, 0xbb, 0xbf]) == "empty_file")
    }

    @Test func badHeadersAreRefused() {
        #expect(refusal([0x69, 0x64, 0x2c, 0xff, 0x0a]) == "header_not_utf8")
        #expect(refusal([0x69, 0x64, 0x2c, 0x00, 0x0a]) == "header_nul")
        #expect(refusal("id,name,ID \n") == "duplicate_header")
        #expect(refusal("Ä,x,ä\n") == "duplicate_header")
        #expect(refusal("id,,b\n") == "empty_header_name")
        #expect(refusal("id,\" \",b\n") == "empty_header_name")
        #expect(refusal("id,b,\n") == "empty_header_name")
        #expect(refusal("id,\"b\n1,2\n") == "header_quote")
        #expect(refusal("id,\"b\"x\n1,2\n") == "header_quote")
        #expect(refusal(String(repeating: "x", count: 70_000)) == "header_too_large")
        #expect(refusal("id,\"b\n" + String(repeating: "1,2\n", count: 70_000)) == "header_quote")
        #expect(refusal((0..<1025).map { "c\($0)" }.joined(separator: ",")) == "header_too_many_fields")
    }

    @Test func headerMayBeLongerThanTheRecords() throws {
        let options = CSVOptions(maxRecordBytes: 5)
        var framer = CSVFramer(MemorySource(Array("identity,name\n1,2\n1234,6\n".utf8)), options: options)
        #expect(try framer.header() == ["identity", "name"])
        #expect(try framer.next()?.defect == nil)
        #expect(try framer.next()?.defect == .recordTooLarge)
    }

    @Test func refusalIsFinalAndTheAnswerStays() throws {
        var bad = CSVFramer(MemorySource(Array("id,id\na,b\n1,2\n".utf8)))
        for _ in 0..<3 {
            #expect(unreadable { _ = try bad.header() } == "duplicate_header")
            #expect(unreadable { _ = try bad.next() } == "duplicate_header")
        }
        var good = CSVFramer(MemorySource(Array("id,b\n1,2\n".utf8)))
        #expect(try good.header() == ["id", "b"])
        #expect(try good.header() == ["id", "b"])
        #expect(try good.next()?.position == 1)
    }

    @Test func errorsGiveAwayNoBytes() {
        do {
            _ = try header("secret@example.com,secret@example.com\n")
            Issue.record("not refused")
        } catch let error as UnreadableFile {
            #expect(
                "\(error)"
                    == "columns 1 and 2 of the header have the same name [duplicate_header]; give every column a name of its own"
            )
        } catch {
            Issue.record(error)
        }
    }
}
