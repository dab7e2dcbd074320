import Avro
import Foundation
import HTTPClient
import Schemas
import Testing

/// Schemas that use types of other subjects by name.
@Suite struct ReferencesTests {
    private static let address = #"{"type": "record", "name": "Address", "namespace": "shop", "fields": [{"name": "street", "type": "string"}]}"#
    private static let customer = """
        {"type": "record", "name": "Customer", "namespace": "shop", "fields": [{"name": "home", "type": "Address"},
         {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["new", "old"]}}]}
        """
    private static let order = """
        {"type": "record", "name": "Order", "namespace": "sales", "doc": "café", "fields": [{"name": "by", "type": "shop.Customer"},
         {"name": "to", "type": ["null", "shop.Address"], "default": null}, {"name": "kinds", "type": {"type": "array", "items": "shop.Kind"}},
         {"name": "next", "type": ["null", "Order"], "default": null}]}
        """
    /// `order`, written out.
    private static let whole = """
        {"type": "record", "name": "Order", "namespace": "sales", "fields": [
         {"name": "by", "type": {"type": "record", "name": "Customer", "namespace": "shop", "fields": [
          {"name": "home", "type": {"type": "record", "name": "Address", "fields": [{"name": "street", "type": "string"}]}},
          {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["new", "old"]}}]}},
         {"name": "to", "type": ["null", "shop.Address"], "default": null}, {"name": "kinds", "type": {"type": "array", "items": "shop.Kind"}},
         {"name": "next", "type": ["null", "Order"], "default": null}]}
        """

    private func register(_ server: RegistryServer, _ subject: String, _ text: String, _ references: [(String, String)]) async throws -> UInt32 {
        let body = try JSONSerialization.data(withJSONObject: [
            "schema": text, "references": references.map { ["name": $0.0, "subject": $0.1, "version": 1] as [String: Any] },
        ])
        let answer = try await HTTPClient().send(HTTPRequest("POST", "\(server.url)/subjects/\(subject)/versions", body: [UInt8](body)))
        let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        return UInt32(try #require(object?["id"] as? Int, "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"))
    }

    @Test func typesOfOtherSubjects() async throws {
        let server = try RegistryServer()
        _ = try await register(server, "address", Self.address, [])
        _ = try await register(server, "customer", Self.customer, [("shop.Address", "address")])
        let id = try await register(server, "order", Self.order, [("shop.Customer", "customer"), ("shop.Address", "address")])
        let client = try server.client()
        let schema = try await client.schema(id: id)
        #expect(schema.text == Self.order, "as it was registered")
        #expect(schema.schema.canonicalForm == (try Schema(Self.whole)).canonicalForm)
        #expect(try Schema(schema.resolvedText).canonicalForm == schema.schema.canonicalForm && schema.resolvedText.contains("café"))
        let asked = try await server.log().filter { $0.hasPrefix("GET") }
        #expect(asked == [
            "GET /schemas/ids/\(id)", "GET /subjects/customer/versions/1?deleted=true", "GET /subjects/address/versions/1?deleted=true",
        ], "each once")
        #expect(try await client.latest(subject: "order").schema.resolvedText == schema.resolvedText)
        // Whoever writes one and reads the other has the same bytes.
        var encoder = Encoder()
        let value = Value.record([
            .record([.record([.string("High Street")]), .enumeration(1)]), .union(0, .null), .array([.enumeration(0)]), .union(0, .null),
        ])
        try encoder.encode(value, as: schema.schema)
        var other = Encoder()
        try other.encode(value, as: Schema(Self.whole))
        #expect(encoder.bytes == other.bytes)
        // A schema without references is not asked about further.
        let plain = try await client.latest(subject: "address").schema
        #expect(plain.text == Self.address && plain.resolvedText == plain.text)
    }

    /// Types with and without namespaces, in each other.
    @Test(arguments: [
        (#"{"type": "fixed", "name": "F", "size": 2}"#, #"{"type": "record", "name": "a.R", "fields": [{"name": "f", "type": "F"}]}"#,
            #"{"type": "record", "name": "a.R", "fields": [{"name": "f", "type": {"type": "fixed", "name": "F", "namespace": "", "size": 2}}]}"#),
        (#"{"type": "fixed", "name": "F", "namespace": "a", "size": 2}"#,
            #"{"type": "record", "name": "R", "namespace": "a", "fields": [{"name": "f", "type": {"type": "map", "values": "F"}}, {"name": "g", "type": "a.F"}]}"#,
            #"{"type": "record", "name": "R", "namespace": "a", "fields": [{"name": "f", "type": {"type": "map", "values": {"type": "fixed", "name": "F", "size": 2}}}, {"name": "g", "type": "F"}]}"#),
        (#"{"type": "record", "name": "a.R", "fields": [{"name": "inner", "type": {"type": "record", "name": "b.I", "fields": [{"name": "again", "type": ["null", "a.R"]}]}}]}"#,
            #"["null", "b.I"]"#,
            #"["null", {"type": "record", "name": "b.I", "fields": [{"name": "again", "type": ["null", {"type": "record", "name": "a.R", "fields": [{"name": "inner", "type": "b.I"}]}]}]}]"#),
        (#"{"type": "enum", "name": "E", "symbols": ["A"]}"#, #""E""#, #"{"type": "enum", "name": "E", "symbols": ["A"]}"#),
        (#""string""#, #"{"type": "array", "items": {"type": "string"}}"#, #"{"type": "array", "items": "string"}"#),
    ])
    func names(_ known: String, _ text: String, _ whole: String) async throws {
        let server = try RegistryServer()
        _ = try await register(server, "known", known, [])
        // A bare name is no schema to the server, so it comes in a union of one.
        let id = try await register(server, "s", text.hasPrefix(#"""#) ? "[\(text)]" : text, [("x", "known")])
        let expected = try Schema(text.hasPrefix(#"""#) ? "[\(whole)]" : whole)
        #expect(try await server.client().schema(id: id).schema.canonicalForm == expected.canonicalForm)
    }

    private func client(_ answers: [String], first: String? = nil) throws -> SchemaRegistryClient {
        let all = [first ?? #"{"schema": "\"string\"", "references": [{"name": "a", "subject": "a", "version": 1}]}"#] + answers
        return try SchemaRegistryClient(urls: "http://h", transport: Scripted(all.map { answer($0.contains("error_code") ? 404 : 200, $0) }))
    }

    @Test func whatIsNotResolved() async throws {
        func refers(_ subject: String, to others: String...) -> String {
            let list = others.map { #"{"name": "\#($0)", "subject": "\#($0)", "version": 1}"# }.joined(separator: ",")
            return #"{"subject": "\#(subject)", "version": 1, "id": 2, "schema": "\"string\"", "references": [\#(list)]}"#
        }
        for (answers, kind, word) in [
            ([refers("a", to: "b"), refers("b", to: "a")], SchemaError.Kind.unknown, "circle"),
            ([refers("a", to: "a")], .unknown, "circle"),
            ([#"{"error_code": 40401, "message": "Subject 'a' not found."}"#], .outage, "refers to version 1 of a, which the registry does not have"),
            ([#"{"schema": "syntax = \"proto3\";", "schemaType": "PROTOBUF"}"#], .unknown, "PROTOBUF"),
            ([#"{"schema": 7}"#], .outage, "lacks its text"), ([#"{"schema": "{"}"#], .outage, "no JSON"), ([], .outage, "script is over"),
        ] as [([String], SchemaError.Kind, String)] {
            let client = try client(answers)
            let error = try await schemaError { try await client.schema(id: 1) }
            #expect(error.kind == kind && error.description.contains(word), "\(error)")
        }
        // Each refers to one more: somebody has to stop.
        let endless = try client((0..<300).map { refers("s\($0)", to: "s\($0 + 1)") }, first: refers("first", to: "s0"))
        let error = try await schemaError { try await endless.schema(id: 1) }
        #expect(error.kind == .unknown && error.description.contains("more than 100"), "\(error)")
        // A name that nobody defines.
        let nobody = try client(
            [refers("a")], first: #"{"schema": "[\"x.Nobody\"]", "references": [{"name": "a", "subject": "a", "version": 1}]}"#)
        let undefined = try await schemaError { try await nobody.schema(id: 1) }
        #expect(undefined.kind == .unknown && undefined.description.contains("x.Nobody"), "\(undefined)")
    }
}
