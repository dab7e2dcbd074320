import Foundation
import HTTPClient
import Logging
import Postgres
import Schemas
import TestSupport
import Testing

extension EndToEnd {
    /// What this project wants of a schema registry, the same cases against each: Tests/registry/server.py, PostgreSQL by SQL, the
    /// collector by URL, and whatever EMPORIUM_TEST_SCHEMA_REGISTRY_URL names.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct RegistryCasesTests {
        @Test func theStandIn() async throws {
            let server = try PythonServer("registry/server.py")
            try await RegistryCases(url: server.url).all()
        }

        @Test func theDatabase() async throws {
            try await Bench.with { bench in
                let place = ConnectionConfiguration(
                    conninfo: TestStack.url(bench.stack.url, database: bench.database), role: "collector_admin")
                let registry = DatabaseRegistry(place, connections: 4, logger: Collecting.quiet)
                let cases = RegistryCases(registry: registry) { subject, text, references in
                    let list = references.map { #"{"name": "\#($0.name)", "subject": "\#($0.subject)", "version": \#($0.version)}"# }
                    let connection = try await Connection.connect(place, logger: Collecting.quiet)
                    _ = try await connection.query(
                        "select * from registry.register($1, $2, p_references => $3)",
                        [.text(subject), .text(text), .text("[\(list.joined(separator: ", "))]")])
                    await connection.close()
                }
                try await cases.all()
                await registry.close()
            }
        }

        @Test func theCollector() async throws {
            try await Collecting.with(schemas: false) { collecting, _ in
                try await RegistryCases(url: "http://127.0.0.1:\(collecting.port)").all()
            }
        }

        /// Another one, its user and password in its URL. It must be one whose level is BACKWARD; what is made there is deleted.
        @Test(arguments: ProcessInfo.processInfo.environment["EMPORIUM_TEST_SCHEMA_REGISTRY_URL"].map { [$0] } ?? [])
        func anyOther(_ url: String) async throws { try await RegistryCases(url: url).all() }
    }
}

/// The cases. Each has subjects and types of its own, so that a registry in use serves, too.
private struct RegistryCases {
    typealias Registering = (_ subject: String, _ text: String, _ references: [SchemaReference]) async throws -> Void

    let registry: any SchemaRegistry
    /// How what refers to others is registered, which no file of topics/ does.
    let register: Registering
    private let url: String?
    private let run = "emporium-test-" + String(UInt64.random(in: 0 ... .max), radix: 36)

    init(registry: any SchemaRegistry, register: @escaping Registering) {
        self.registry = registry
        self.register = register
        url = nil
    }

    init(url: String) throws {
        let client = try SchemaRegistryClient(urls: url, transport: HTTPClient())
        registry = client
        self.url = url
        register = { subject, text, references in
            let list = references.map { ["name": $0.name, "subject": $0.subject, "version": $0.version] as [String: Any] }
            let body = try JSONSerialization.data(withJSONObject: ["schema": text, "references": list])
            let answer = try await HTTPClient().send(
                HTTPRequest(
                    "POST", "\(url)/subjects/\(subject)/versions",
                    headers: [(name: "Content-Type", value: "application/vnd.schemaregistry.v1+json")], body: [UInt8](body)))
            try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        }
    }

    func all() async throws {
        var failure: (any Error)?
        do {
            try await nothingThere()
            try await versions()
            try await whatIsRefused()
            try await oneSchemaOneID()
            try await namesAndTexts()
            try await references()
            try await atOnce()
        } catch { failure = error }
        if let url {
            for subject in subjects.reversed() {
                for query in ["", "?permanent=true"] {
                    _ = try? await HTTPClient().send(HTTPRequest("DELETE", "\(url)/subjects/\(subject)\(query)"))
                }
            }
        }
        if let failure { throw failure }
    }

    // MARK: Subjects and schemas

    /// In the order in which they come: what refers to others is deleted before them.
    private var subjects: [String] {
        let plain = ["a", "b", "c", "d", "f", "g"].map { subject($0) }
        let odd = oddSubject.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? oddSubject
        return plain + [subject("g") + "-top", subject("g") + "-alone", subject("h"), odd]
    }
    private var oddSubject: String { subject("e") + " a/b?c=d%20é" }
    private func subject(_ name: String) -> String { "\(run)-\(name)-value" }

    /// A record that no other case has, with the fields given as JSON after its field `a`.
    private func record(_ name: String, _ more: String...) -> String {
        let fields = [#"{"name": "a", "type": "string"}"#] + more
        let type = "\(run)_\(name)".replacingOccurrences(of: "-", with: "_")
        return #"{"type": "record", "name": "\#(type)", "fields": [\#(fields.joined(separator: ", "))]}"#
    }

    private let optional = #"{"name": "b", "type": ["null", "int"], "default": null}"#
    private let required = #"{"name": "tax", "type": "int"}"#

    private func expect<T>(
        _ kind: SchemaError.Kind, _ what: Comment, at location: SourceLocation = #_sourceLocation, _ body: () async throws -> T
    ) async throws {
        do {
            _ = try await body()
            Issue.record("\(registry.name): \(what): nothing was thrown", sourceLocation: location)
        } catch let error as SchemaError {
            #expect(error.kind == kind, "\(registry.name): \(what): \(error)", sourceLocation: location)
        }
    }

    // MARK: Cases

    private func nothingThere() async throws {
        let subject = subject("nobody")
        try await expect(.unknown, "no subject") { try await registry.latest(subject: subject) }
        try await expect(.unknown, "no id") { try await registry.schema(id: 2_000_000_000) }
        try await expect(.unknown, "an id that none can have") { try await registry.schema(id: 4_000_000_000) }
        let found = try await registry.lookup(subject: subject, text: record("nobody"))
        let objections = try await registry.objections(subject: subject, text: record("nobody"))
        #expect(found == nil && objections == [], "\(registry.name): nothing to be found, nothing to be compatible with")
        let level = try await registry.compatibility(subject: subject)
        #expect(level == "BACKWARD", "\(registry.name)")
    }

    private func versions() async throws {
        let subject = subject("a")
        let (one, two) = (record("a"), record("a", optional))
        let first = try await registry.register(subject: subject, text: one, after: 0)
        let again = try await registry.register(subject: subject, text: "\n " + one.replacingOccurrences(of: ", ", with: ",\n"), after: 0)
        #expect(first.version == 1 && again.version == 1 && again.schema.id == first.schema.id, "\(registry.name): white space is nothing")
        let objections = try await registry.objections(subject: subject, text: two)
        #expect(objections == [], "\(registry.name)")
        let second = try await registry.register(subject: subject, text: two, after: 1)
        #expect(second.version == 2 && second.schema.id != first.schema.id && second.schema.text == two, "\(registry.name)")
        let newest = try await registry.latest(subject: subject)
        #expect(newest.version == 2 && newest.schema.id == second.schema.id && newest.schema.text == two, "\(registry.name)")
        let (oldest, found) = (try await registry.schema(id: first.schema.id), try await registry.lookup(subject: subject, text: one))
        #expect(oldest.text == one && oldest.resolvedText == one && found?.version == 1, "\(registry.name): the old one stays")
        // A field that goes is nothing that a new reader misses.
        let third = try await registry.register(subject: subject, text: record("a").replacingOccurrences(of: #""a""#, with: #""a", "default": """#), after: 2)
        #expect(third.version == 3, "\(registry.name)")
    }

    private func whatIsRefused() async throws {
        let subject = subject("b")
        _ = try await registry.register(subject: subject, text: record("b", optional), after: 0)
        for (text, field) in [
            (record("b", optional, required), "tax"), (record("b", #"{"name": "b", "type": "int", "default": 0}"#), "b"),
            (record("b", optional).replacingOccurrences(of: #""string""#, with: #""long""#), "a"),
        ] {
            let objections = try await registry.objections(subject: subject, text: text)
            #expect(objections.contains { $0.contains(field) && $0.contains("version 1") }, "\(registry.name): \(field): \(objections)")
            try await expect(.refused, "\(field) makes it incompatible") { try await registry.register(subject: subject, text: text, after: 1) }
        }
        for text in ["7", "{", #"{"type": "wreckord"}"#] {
            try await expect(.refused, "\(text) is no schema") { try await registry.register(subject: subject, text: text, after: 1) }
        }
        let newest = try await registry.latest(subject: subject)
        #expect(newest.version == 1, "\(registry.name): nothing came of it")
    }

    private func oneSchemaOneID() async throws {
        let text = record("c")
        let (c, d) = (
            try await registry.register(subject: subject("c"), text: text, after: 0), try await registry.register(subject: subject("d"), text: text, after: 0)
        )
        #expect(c.schema.id == d.schema.id && d.version == 1, "\(registry.name)")
    }

    private func namesAndTexts() async throws {
        // What a URL, a shell and JSON would each take for something else, and a text that takes several packets.
        let doc = #"café – \"quoted\" \\ %2F ?x=1 {\n}"# + String(repeating: "ö", count: 100_000)
        let text = record("e").replacingOccurrences(of: #"{"type": "record","#, with: #"{"type": "record", "doc": "\#(doc)","#)
        let subject = oddSubject
        let done = try await registry.register(subject: subject, text: text, after: 0)
        let (newest, byID) = (try await registry.latest(subject: subject), try await registry.schema(id: done.schema.id))
        #expect(newest.subject == subject && newest.schema.text == text && byID.text == text, "\(registry.name): as it was sent")
    }

    private func references() async throws {
        let type = run.replacingOccurrences(of: "-", with: "_")
        let inner = #"{"type": "record", "name": "Inner", "namespace": "\#(type)", "fields": [{"name": "n", "type": "int"}]}"#
        let outer = #"{"type": "record", "name": "Outer", "namespace": "\#(type)", "fields": [{"name": "in", "type": "Inner"}, {"name": "more", "type": ["null", "\#(type).Inner"]}]}"#
        let top = #"{"type": "array", "items": "\#(type).Outer"}"#
        let (f, g) = (subject("f"), subject("g"))
        try await register(f, inner, [])
        try await register(g, outer, [SchemaReference(name: "\(type).Inner", subject: f, version: 1)])
        let newest = try await registry.latest(subject: g)
        #expect(newest.schema.text == outer && newest.schema.resolvedText != outer, "\(registry.name)")
        try await register(g + "-top", top, [
            SchemaReference(name: "\(type).Outer", subject: g, version: 1), SchemaReference(name: "\(type).Inner", subject: f, version: 1),
        ])
        let whole = try await registry.latest(subject: g + "-top").schema
        let written = try await registry.schema(id: whole.id)
        let alone = try await registry.register(subject: g + "-alone", text: whole.resolvedText, after: 0).schema
        #expect(written.schema.canonicalForm == alone.schema.canonicalForm, "\(registry.name): what it is resolved to stands by itself")
        #expect(alone.schema.canonicalForm.contains(#""name":"n","type":"int""#), "\(registry.name)")
    }

    private func atOnce() async throws {
        let (text, subject, registry) = (record("h"), subject("h"), registry)
        let ids = try await withThrowingTaskGroup(of: UInt32.self) { group in
            for _ in 0..<6 { group.addTask { try await registry.register(subject: subject, text: text, after: 0).schema.id } }
            return try await group.reduce(into: Set<UInt32>()) { $0.insert($1) }
        }
        #expect(ids.count == 1, "\(registry.name): everybody is told the same")
    }
}
