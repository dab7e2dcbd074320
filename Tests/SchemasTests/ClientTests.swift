import HTTPClient
import Schemas
import Testing

/// The client against answers in a script, and against a server that does what Confluent's does.
@Suite struct ClientTests {
    @Test(arguments: [
        (404, #"{"error_code": 40401, "message": "Subject 's' not found."}"#, SchemaError.Kind.unknown),
        (404, #"{"error_code":40402,"message":"Version not found."}"#, .unknown),
        (404, #"{"error_code":40403,"message":"Schema 5 not found"}"#, .unknown),
        (409, #"{"error_code":409,"message":"incompatible"}"#, .refused),
        (422, #"{"error_code":42201,"message":"Input schema is an invalid Avro schema"}"#, .refused),
        (404, "<html>nginx</html>", .outage), (404, #"{"error_code":404,"message":"HTTP 404 Not Found"}"#, .outage),
        (409, "<html>", .outage), (401, #"{"error_code":401,"message":"Unauthorized"}"#, .outage), (403, "", .outage),
        (429, "slow down", .outage), (500, #"{"error_code":50001,"message":"store"}"#, .outage), (502, "<html>", .outage),
        (503, "", .outage), (302, "", .outage), (204, "", .outage), (200, "<html>", .outage), (200, "", .outage),
        (200, #"{"schema":"\"string\""#, .outage), (200, "[]", .outage), (200, "{}", .outage), (200, #"{"schema": 7}"#, .outage),
        (200, #"{"schema": "{\"type\": \"rec"}"#, .outage), (200, #"{"schema": "<html>"}"#, .outage),
        (200, #"{"schema": "{\"type\": \"wreckord\"}"}"#, .unknown), (200, #"{"schema": "x", "schemaType": "PROTOBUF"}"#, .unknown),
        (200, #"{"schema": "\"string\"", "references": "none"}"#, .outage),
        (200, #"{"schema": "\"string\"", "references": [{"name": "a", "subject": "b"}]}"#, .outage),
    ])
    func whatAnAnswerMeans(status: Int, body: String, kind: SchemaError.Kind) async throws {
        let client = try SchemaRegistryClient(urls: "http://user:secret@host:1", transport: Scripted(answer(status, body)))
        let error = try await schemaError { try await client.schema(id: 5) }
        #expect(error.kind == kind, "\(error)")
        #expect(!error.description.contains("secret") && !error.description.contains("user:s"))
    }

    @Test func whatIsSent() async throws {
        let script = Scripted(answer(200, #"{"subject":"a/b c?é","version":2,"id":7,"schema":"\"string\"","schemaType":"AVRO"}"#))
        let client = try SchemaRegistryClient(urls: " https://us%40er:p%3Aw@host:8081/base// ", transport: script)
        let version = try await client.latest(subject: "a/b c?é")
        #expect(version.version == 2 && version.schema.id == 7 && version.schema.text == #""string""#)
        let request = try #require(script.asked.first)
        #expect(request.url == "https://host:8081/base/subjects/a%2Fb%20c%3F%C3%A9/versions/latest" && request.method == "GET")
        #expect(request.headers.contains { $0 == ("Authorization", "Basic dXNAZXI6cDp3") }, "us@er:p:w")
        #expect(client.name == "the registry https://host:8081/base")
        try await expect(.unknown) { try await client.schema(id: 4_000_000_000) }
        #expect(script.asked.count == 1, "no registry has such an id: none is asked")
    }

    /// An answer to another question says nothing.
    @Test(arguments: [
        #"{"subject":"t","version":2,"id":7,"schema":"\"string\""}"#, #"{"subject":"s","version":3,"id":7,"schema":"\"string\""}"#,
        #"{"subject":"s","version":0,"id":7,"schema":"\"string\""}"#, #"{"subject":"s","version":2,"id":-7,"schema":"\"string\""}"#,
        #"{"subject":"s","version":"2","id":7,"schema":"\"string\""}"#,
    ])
    func whatWasNotAskedFor(_ body: String) async throws {
        let client = try SchemaRegistryClient(urls: "http://h", transport: Scripted(answer(200, body)))
        try await expect(.outage) { try await client.version(subject: "s", 2) }
    }

    /// Under a transitive level it is all versions that a schema must go together with.
    @Test func objectionsOfAllVersions() async throws {
        let level = answer(200, #"{"compatibilityLevel":"BACKWARD_TRANSITIVE"}"#)
        let sentence = "cannot read what version 1 wrote: field c: int cannot be read as string"
        let script = Scripted(level, answer(200, #"{"is_compatible":false,"messages":["\#(sentence)"]}"#))
        let client = try SchemaRegistryClient(urls: "http://h", transport: script)
        #expect(try await client.objections(subject: "s", text: one) == [sentence], "a registry that names fields itself is not corrected")
        #expect(script.asked.map(\.url) == ["http://h/config/s", "http://h/compatibility/subjects/s/versions?verbose=true"])

        let old = Scripted(level, answer(404, #"{"error_code":404,"message":"HTTP 404 Not Found"}"#), answer(200, #"{"is_compatible":true}"#))
        #expect(try await SchemaRegistryClient(urls: "http://h", transport: old).objections(subject: "s", text: one) == [])
        #expect(old.asked.last?.url == "http://h/compatibility/subjects/s/versions/latest?verbose=true", "servers of old have no other")
    }

    @Test func userInfoWins() async throws {
        let script = Scripted()
        let client = try SchemaRegistryClient(urls: "http://a:b@h:1,http://h:2", userInfo: "x:y", transport: script)
        _ = try await schemaError { try await client.schema(id: 1) }
        #expect(script.asked.map(\.url) == ["http://h:1/schemas/ids/1", "http://h:2/schemas/ids/1"])
        #expect(script.asked.allSatisfy { $0.headers.contains { $0 == ("Authorization", "Basic eDp5") } })
    }

    @Test(arguments: [
        "", "host:8081", "ftp://h", "http://", "http://h:1,", "http://h?x=secret", "http://h#secret", "http://h:99999", "http://u:secret@",
    ])
    func noURL(_ urls: String) {
        let error = #expect(throws: SchemaError.self) { try SchemaRegistryClient(urls: urls, transport: Scripted()) }
        #expect(error?.kind == .refused && error?.description.contains("secret") == false)
    }

    @Test func theNextURLIsTriedAndKeptTo() async throws {
        let good = answer(200, #"{"schema":"\"string\""}"#)
        let script = Scripted(.failure(HTTPError(isOutage: true, "no route")), good, good, answer(500, ""), good, answer(404, #"{"error_code":40403}"#))
        let client = try SchemaRegistryClient(urls: "http://a,http://b", transport: script)
        for id: UInt32 in 1...3 { #expect(try await client.schema(id: id).id == id) }
        #expect(script.asked.map(\.url) == [
            "http://a/schemas/ids/1", "http://b/schemas/ids/1", "http://b/schemas/ids/2", "http://b/schemas/ids/3", "http://a/schemas/ids/3",
        ])
        let unknown = try await schemaError { try await client.schema(id: 4) }
        #expect(unknown.kind == .unknown && script.asked.count == 6, "who knows is believed: nobody else is asked")
        let away = try await schemaError { try await client.schema(id: 5) }
        #expect(away.kind == .outage && away.description.contains("\n"), "a line for each URL")
    }

    @Test(arguments: [false, true]) func againstAServer(old: Bool) async throws {
        let server = old ? try RegistryServer("--old") : try RegistryServer()
        let client = try server.client("http://127.0.0.1:1")
        let subject = "orders.v1/ä-value"
        try await expect(.unknown) { try await client.latest(subject: subject) }
        try await expect(.unknown) { try await client.schema(id: 1) }
        #expect(try await client.lookup(subject: subject, text: one) == nil)
        #expect(try await client.objections(subject: subject, text: one) == [], "nothing to be compatible with")
        let first = try await client.register(subject: subject, text: one, after: 0)
        let again = try await client.register(subject: subject, text: one, after: 0)
        #expect([first.version, again.version] == [1, 1] && first.schema.id == 1 && again.schema.id == 1)
        #expect(try await client.objections(subject: subject, text: two) == [])
        let objections = try await client.objections(subject: subject, text: three)
        #expect(objections.contains { $0.contains("c: the reader's field has no default") }, "\(objections)")
        #expect(objections.contains { $0.contains("READER_FIELD_MISSING_DEFAULT_VALUE") } == !old, "\(objections)")
        try await expect(.refused) { try await client.register(subject: subject, text: three, after: 1) }
        try await expect(.refused) { try await client.register(subject: subject, text: "7", after: 1) }
        let second = try await client.register(subject: subject, text: two, after: 1)
        #expect(second.version == 2 && second.schema.id == 2)
        #expect(try await client.register(subject: "other-value", text: one, after: 0).schema.id == 1, "a schema has one id")
        #expect(try await client.versions(subject: subject) == [1, 2])
        #expect(try await client.version(subject: subject, 1).schema.text == one)
        #expect(try await client.latest(subject: subject).version == 2)
        #expect(try await client.schema(id: 2).text == two)
        #expect(try await client.lookup(subject: subject, text: one)?.version == 1)
        #expect(try await client.compatibility(subject: subject) == "BACKWARD")
        let path = "\(server.url)/config/orders.v1%2F%C3%A4-value"
        _ = try await HTTPClient().send(HTTPRequest("PUT", path, body: Array(#"{"compatibility": "NONE"}"#.utf8)))
        #expect(try await client.compatibility(subject: subject) == "NONE")
        #expect(try await client.objections(subject: subject, text: three) == [])
    }

    @Test func aServerThatFails() async throws {
        let server = try RegistryServer("--user", "alice:wonder:land")
        let client = try server.client(userInfo: "alice:wonder:land", timeout: .milliseconds(300))
        _ = try await client.register(subject: "s", text: one, after: 0)
        let nobody = try server.client()
        let refused = try await schemaError { try await nobody.schema(id: 1) }
        #expect(refused.kind == .outage && refused.description.contains("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"))
        for fault in [#"{"status": 500}"#, #"{"status": 503, "body": "<html>"}"#, #"{"body": "<html>ok</html>"}"#, #"{"delay": 2}"#,
            #"{"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}"#, #"{"status": 429}"#] {
            try await server.answer(fault)
            let error = try await schemaError { try await client.schema(id: 1) }
            #expect(error.kind == .outage && !error.description.contains("wonder"), "\(fault): \(error)")
            #expect(try await client.schema(id: 1).text == one, "and then it is back")
        }
        try await server.answer(#"{"delay": 30}"#)
        let patient = try server.client(userInfo: "alice:wonder:land")
        let task = Task { try await patient.schema(id: 1) }
        try await eventually("the request") { try await server.log().last == "GET /schemas/ids/1" }
        task.cancel()
        await #expect(throws: SchemaError.self) { try await task.value }
    }
}
