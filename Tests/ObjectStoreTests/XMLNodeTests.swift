import Testing

@testable import ObjectStore

@Suite struct XMLNodeTests {
    private func read(_ text: String) throws -> XMLNode { try XMLNode.read(Array(text.utf8)) }

    @Test func answersAreRead() throws {
        let node = try read(
            """
            \u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
            <!-- as some do --><s3:List xmlns:s3='http://s3.amazonaws.com/doc/2006-03-01/' a = "1>2">
              <Key>a&amp;b&#x1234;&#33;</Key><Key><![CDATA[<&>]]></Key><Empty/><s3:Owner ><ID>1</ID></s3:Owner>
            </s3:List>
            """)
        #expect(node.name == "List")
        #expect(node.all("Key").map(\.text) == ["a&b\u{1234}!", "<&>"])
        #expect(node["Empty"] == "")
        #expect(node.children.first { $0.name == "Owner" }?["ID"] == "1")
        #expect(node["Missing"] == nil)
    }

    @Test(arguments: [
        "", "text", "<", "<a", "<a>", "<a></b>", "<a/><b/>", "<a>&lol;</a>", "<a>&#xD800;</a>", "<a>&</a>", "<a b></a>", "<a b='></a>",
        "<!DOCTYPE a [<!ENTITY l \"lol\">]><a>&l;</a>", "<a><!ENTITY x \"y\"></a>", "<a><![CDATA[</a>", "<!DOCTYPE html><html></html>",
    ])
    func whatIsNotIsRefused(text: String) {
        #expect(throws: XMLNode.Fault.self) { try read(text) }
    }

    @Test func nothingDeepOrEndlessIsRead() throws {
        #expect(throws: XMLNode.Fault.self) { try read(String(repeating: "<a>", count: 100_000)) }
        #expect(throws: XMLNode.Fault.self) { try read("<a>" + String(repeating: "<b/>", count: 100_001) + "</a>") }
        #expect(throws: XMLNode.Fault.self) { try XMLNode.read(Array("<a>".utf8) + [0xFF, 0xFE] + Array("</a>".utf8)) }
    }
}
