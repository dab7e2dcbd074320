import Avro
import Foundation
import Glibc
import Logging
import Postgres
import Schemas
import Stack
import Testing

/// Schemas in PostgreSQL: a server of its own with the schema `registry` alone.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DatabaseRegistryTests {
    private static let prelude = """
        create role loader; create role collector; create role collector_admin; create role registrar; create role promoter;
        alter default privileges revoke execute on functions from public;
        create schema ops; create schema events;
        create table ops.setting (name text primary key, value text, meaning text);
        """

    private func withRegistry(_ body: (EmbeddedCluster, ConnectionConfiguration) async throws -> Void) async throws {
        var template = Array("/tmp/emporium-schemas-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        chmod(folder, 0o755)
        let cluster = EmbeddedCluster(
            home: folder + "/home", settings: ["fsync": "off", "shared_buffers": "32MB"], logger: silent)
        try await cluster.up()
        var failure: (any Error)?
        do {
            let place = try cluster.configuration(admin: true)
            let connection = try await Connection.connect(place, logger: silent)
            try await connection.execute(Self.prelude)
            let folder = "sql/functions/80_registry"
            let functions = try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)").filter { $0.hasSuffix(".sql") }
            let files = ["migrations/0016_create_registry.sql", "migrations/0018_complete_registry.sql", "sql/functions/10_ops/ops.setting_value.sql"]
            for file in files + functions.sorted().map({ "\(folder)/\($0)" }) {
                try await connection.execute(try String(contentsOfFile: "\(root)/\(file)", encoding: .utf8))
            }
            let grants = try String(contentsOfFile: "\(root)/sql/roles/95_collector.sql", encoding: .utf8)
            try await connection.execute(grants.components(separatedBy: "grant usage on schema events")[0])
            await connection.close()
            try await body(cluster, place)
        } catch { failure = error }
        try await cluster.down()
        try FileManager.default.removeItem(atPath: folder)
        if let failure { throw failure }
    }

    @Test func registersReadsAndRidesOutItsServer() async throws {
        try await withRegistry { cluster, place in
            let registry = DatabaseRegistry(place.asRole("collector_admin"), connections: 4, logger: silent)
            let reader = DatabaseRegistry(place.asRole("loader"), logger: silent)
            try await expect(.unknown) { try await reader.latest(subject: "s") }
            #expect(try await registry.objections(subject: "s", text: one) == [])
            let first = try await registry.register(subject: "s", text: one, after: 0)
            #expect(first.version == 1)
            #expect(try await registry.register(subject: "s", text: "\n" + one, after: 0).schema.id == first.schema.id)
            let objections = try await registry.objections(subject: "s", text: three)
            #expect(objections.count == 2 && objections.allSatisfy { $0.hasPrefix("cannot read what version 1 wrote: field ") }, "\(objections)")
            #expect(objections.contains { $0.contains("field a: ") } && objections.contains { $0.contains("field c: ") })
            #expect(try await registry.objections(subject: "s", text: two) == [])
            let incompatible = try await schemaError { try await registry.register(subject: "s", text: three, after: 1) }
            #expect(incompatible.kind == .refused && incompatible.description.contains("EM302"), "\(incompatible)")
            #expect(incompatible.description.contains("field c: "), "it says which field")
            for text in ["{", #""strin""#, #"{"type": "record", "name": "r"}"#] {
                try await expect(.refused) { try await registry.objections(subject: "s", text: text) }
                try await expect(.refused) { try await registry.lookup(subject: "s", text: text) }
            }
            let late = try await schemaError { try await registry.register(subject: "s", text: two, after: 0) }
            #expect(late.kind == .refused && late.description.contains("EM300"), "\(late)")
            let broken = try await schemaError { try await registry.register(subject: "s", text: "7", after: 1) }
            #expect(broken.kind == .refused)
            try await expect(.refused) { try await registry.register(subject: "", text: two, after: 0) }
            let second = try await registry.register(subject: "s", text: two, after: 1)
            #expect(try await reader.latest(subject: "s").schema.id == second.schema.id)
            #expect(try await reader.schema(id: second.schema.id).text == two)
            for id in [999, 4_000_000_000] as [UInt32] {
                try await expect(.unknown) { try await reader.schema(id: id) }
            }
            #expect(try await registry.lookup(subject: "s", text: one)?.version == 1)
            #expect(try await registry.lookup(subject: "s", text: three) == nil)
            // A role without rights says nothing about a schema; nor does a server that is away.
            let stranger = DatabaseRegistry(place.asRole("promoter"), logger: silent)
            try await expect(.outage) { try await stranger.schema(id: 1) }

            let cache = SchemaCache(reader, ttl: .zero, retryAfter: .zero)
            #expect(try await cache.latest(subject: "s").version == 2)
            try await cluster.down()
            try await expect(.outage) { try await reader.schema(id: 1) }
            #expect(try await cache.latest(subject: "s").version == 2, "goes on with what it has")
            try await cluster.up()
            #expect(try await reader.schema(id: first.schema.id).text == one, "the same registry, once it is back")
            for each in [registry, reader, stranger] { await each.close() }
        }
    }

    /// Each level, with the number of sentences that it has against a second version.
    @Test func levelsAreJudgedByTheDatabase() async throws {
        let required = #"{"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}, {"name": "c", "type": "int"}]}"#
        let cases = [
            ("NONE", one, three, 0), ("BACKWARD", one, two, 0), ("BACKWARD", two, one, 0), ("BACKWARD", one, required, 1),
            ("BACKWARD", required, one, 0), ("FORWARD", one, required, 0), ("FORWARD", required, one, 1), ("FULL", one, two, 0),
            ("FULL", one, required, 1), ("FULL", required, one, 1), ("BACKWARD", one, three, 2), ("FULL", one, three, 3),
        ]
        try await withRegistry { _, place in
            let registry = DatabaseRegistry(place.asRole("collector_admin"), logger: silent)
            let connection = try await Connection.connect(place.asRole("registrar"), logger: silent)
            func level(_ subject: String, _ level: String) async throws {
                let answer = try await connection.query(
                    "select status from registry.change('PUT', array['config', $1], '{}', json_build_object('compatibility', $2::text)::text)",
                    [.text(subject), .text(level)])
                #expect(answer.first?.int("status") == 200)
            }
            for (number, (word, old, new, objections)) in cases.enumerated() {
                let subject = "s\(number)"
                _ = try await registry.register(subject: subject, text: old, after: 0)
                try await level(subject, word)
                #expect(try await registry.compatibility(subject: subject) == word)
                let found = try await registry.objections(subject: subject, text: new)
                #expect(found.count == objections, "\(word): \(found)")
            }
            // Transitive ones look at every version.
            for (version, text) in [one, required].enumerated() {
                if version == 1 { try await level("t", "NONE") }
                _ = try await registry.register(subject: "t", text: text, after: version)
            }
            let new = required.replacing(#"{"name": "c""#, with: #"{"doc": "x", "default": [], "name": "d", "type": {"type": "array", "items": "int"}}, {"name": "c""#)
            try await level("t", "BACKWARD")
            #expect(try await registry.objections(subject: "t", text: new) == [])
            try await level("t", "BACKWARD_TRANSITIVE")
            let found = try await registry.objections(subject: "t", text: new)
            #expect(found.count == 1 && found[0].hasPrefix("cannot read what version 1 wrote: field c: "), "\(found)")
            await connection.close()
            await registry.close()
        }
    }

    /// What the registry refers to is in its place for those who read, whatever the text says.
    @Test func referencesAreResolved() async throws {
        try await withRegistry { _, place in
            let registry = DatabaseRegistry(place.asRole("collector_admin"), logger: silent)
            let inner = #"{"type": "record", "name": "shop.Money", "fields": [{"name": "amount", "type": "long"}]}"#
            let outer = #"{"type": "record", "name": "shop.Order", "fields": [{"name": "total", "type": "shop.Money"}]}"#
            let money = try await registry.register(subject: "money", text: inner, after: 0)
            let connection = try await Connection.connect(place.asRole("registrar"), logger: silent)
            let references = #"[{"name": "shop.Money", "subject": "money", "version": 1}]"#
            let row = try await connection.query(
                "select schema_id from registry.register('order', $1, 'AVRO', $2::jsonb)", [.text(outer), .text(references)]
            ).first
            let id = try #require(row?.int("schema_id").flatMap(UInt32.init(exactly:)))
            await connection.close()
            let whole = #"{"type": "record", "name": "shop.Order", "fields": [{"name": "total", "type": \#(inner)}]}"#
            for schema in [
                try await registry.schema(id: id), try await registry.latest(subject: "order").schema,
                try await registry.versions(subject: "order")[0].schema,
            ] {
                #expect(schema.id == id && schema.text == outer)
                #expect(schema.schema.incompatibilities(reading: try Schema(whole)) == [], "\(schema.schema)")
                #expect(try Schema(whole).incompatibilities(reading: schema.schema) == [])
            }
            #expect(money.schema.id != id)
            await registry.close()
        }
    }

    @Test func manyRegisterAtOnce() async throws {
        try await withRegistry { _, place in
            let registry = DatabaseRegistry(place.asRole("collector_admin"), connections: 8, logger: silent)
            // 8 at a time, each of 5 schemas under each of 2 subjects, 4 times; both orders, so that locks would meet.
            let done = try await withThrowingTaskGroup(of: [String].self) { group in
                for turn in 0..<8 {
                    group.addTask {
                        var found: [String] = []
                        for number in turn % 2 == 0 ? Array(0..<5) : Array((0..<5).reversed()) {
                            for subject in turn % 4 < 2 ? ["a", "b"] : ["b", "a"] {
                                let text = two.replacing(#""b""#, with: "\"b\(number)\"")  // each reads the others
                                let done = try await registry.registerAnyway(subject, text, place)
                                found.append("\(number) \(subject) \(done)")
                            }
                        }
                        return found
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(done.count == 80 && Set(done).count == 10, "everybody was told the same")
            let ids = Set(done.map { $0.split(separator: " ")[2] })
            #expect(ids == ["1", "2", "3", "4", "5"], "five schemas, no id spent in vain: \(ids)")
            for subject in ["a", "b"] {
                #expect(try await registry.versions(subject: subject).map(\.version) == [1, 2, 3, 4, 5])
            }
            await registry.close()
        }
    }
}

extension DatabaseRegistry {
    /// Whatever is newest. Gives id and version.
    fileprivate func registerAnyway(_ subject: String, _ text: String, _ place: ConnectionConfiguration) async throws -> String {
        let connection = try await Connection.connect(place.asRole("collector_admin"), logger: silent)
        let row = try await connection.query(
            "select schema_id, version from registry.register($1, $2)", [.text(subject), .text(text)]
        ).first
        await connection.close()
        return "\(row?["schema_id"] ?? "") \(row?["version"] ?? "")"
    }
}
