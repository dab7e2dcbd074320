import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `emporium schemas drift`: what it says, and to whom. Every kind of difference is in Tests/sql/82_contract.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct SchemasDriftTests {
        private func topics(_ bench: Bench, _ change: (String) -> String = { $0 }) throws {
            try FileManager.default.createDirectory(atPath: "\(bench.folder)/topics", withIntermediateDirectories: true)
            try change(EventLoading.schema).write(toFile: "\(bench.folder)/topics/events.raw.avsc", atomically: true, encoding: .utf8)
        }

        /// side field column, of each finding.
        private func findings(_ outcome: Emporium.Outcome) throws -> [String] {
            try #require(try outcome.json()["findings"] as? [[String: Any]]).map { finding in
                ["subject", "side", "field", "column"].map { "\(finding[$0] ?? "-")" }.joined(separator: " ")
            }
        }

        private func withTenant(_ schema: String) -> String {
            schema.replacingOccurrences(
                of: #"{"name": "targetSubscription", "type": "string"},"#,
                with: #"{"name": "targetSubscription", "type": "string"}, {"name": "tenant", "type": ["null", "string"], "default": null},"#)
        }

        @Test func inTheDatabase() async throws {
            try await Bench.with { bench in
                let nothing = try await bench.run("schemas", "drift", "--json")
                #expect(try nothing.exitCode == 2 && findings(nothing) == ["events.raw-value table - -"], "\(nothing.err)")
                #expect(nothing.out.contains("schemas apply"), "what to do")
                try topics(bench)
                _ = try await bench.run("schemas", "apply")
                let well = try await bench.run("schemas", "drift", "--json")
                #expect(try well.exitCode == 0 && findings(well) == [], "\(well.out)\(well.err)")
                #expect(well.out.contains("public.events") && well.out.contains(#""version" : 1"#))

                // The table alone.
                _ = try await bench.sql("alter table public.events add column tenant text")
                let column = try await bench.run("schemas", "drift")
                #expect(column.exitCode == 2 && column.lines.last == "events.raw-value  table         tenant  text of public.events, which no field fills and nobody declares as ours", "\(column.out)")
                #expect(column.err.contains("tenant: add the field to the schema"), "\(column.err)")
                _ = try await bench.sql("alter table public.events drop column tenant")

                // The schema alone: its file first, then as it is registered.
                try topics(bench, withTenant)
                let file = try await bench.run("schemas", "drift", "--files", "--json")
                #expect(try file.exitCode == 2 && findings(file) == ["events.raw-value schema attributes.tenant -"], "\(file.out)\(file.err)")
                #expect(try await bench.run("schemas", "drift").exitCode == 0, "nothing is registered yet")
                _ = try await bench.run("schemas", "apply")
                let registered = try await bench.run("schemas", "drift", "--topic", "events.raw", "--json")
                #expect(try registered.exitCode == 2 && findings(registered) == ["events.raw-value schema attributes.tenant -"], "\(registered.out)")
                #expect(try await bench.run("schemas", "plan", "--exit-code").exitCode == 0, "for the registry all is well: that is why there is drift")

                // A migration brings the table after it.
                _ = try await bench.sql("alter table public.events add column tenant text")
                _ = try await bench.sql(
                    """
                    insert into registry.contract (subject, table_name, field, column_name, held)
                    values ('events.raw-value', 'public.events', 'attributes.tenant', 'tenant', 'value')
                    """)
                #expect(try await bench.run("schemas", "drift").exitCode == 0)

                let other = try await bench.run("schemas", "drift", "--topic", "customers")
                #expect(other.exitCode == 78 && other.err.contains("no contract of customers-value"), "\(other.err)")
                let away = try await Emporium.run(["schemas", "drift"], ["DATABASE_URL": "host=/nonexistent"], in: bench.folder)
                #expect(away.exitCode == 69, "\(away.err)")
            }
        }

        /// A registry by URL; parts of the schema in a subject of their own.
        @Test func inARegistry() async throws {
            try await Bench.with { bench in
                let server = try PythonServer("registry/server.py")
                func drift(_ url: String) async throws -> Emporium.Outcome {
                    try await Emporium.run(["schemas", "drift", "--json"], bench.environment.merging(["SCHEMA_REGISTRY_URL": url]) { $1 }, in: bench.folder)
                }
                func register(_ subject: String, _ schema: Any, _ references: [[String: Any]] = []) async throws {
                    let text = String(decoding: try JSONSerialization.data(withJSONObject: schema), as: UTF8.self)
                    let body = try JSONSerialization.data(withJSONObject: ["schema": text, "references": references])
                    try await system([
                        "/usr/bin/curl", "-sSf", "-H", "Content-Type: application/json", "--data-binary", String(decoding: body, as: UTF8.self),
                        "\(server.url)/subjects/\(subject)/versions",
                    ])
                }
                #expect(try await drift(server.url).exitCode == 2, "no such subject")
                var schema = try #require(try JSONSerialization.jsonObject(with: Data(EventLoading.schema.utf8)) as? [String: Any])
                var fields = try #require(schema["fields"] as? [[String: Any]])
                var data = try #require(fields[0]["type"] as? [String: Any])
                data["namespace"] = "emporium.parts"
                fields[0]["type"] = "emporium.parts.Data"
                schema["fields"] = fields
                try await register("data", data)
                try await register("events.raw-value", schema, [["name": "emporium.parts.Data", "subject": "data", "version": 1]])
                let well = try await drift(server.url)
                #expect(well.exitCode == 0, "\(well.out)\(well.err)")

                // What the rules of SQL ask for goes from the part.
                data["fields"] = try #require(data["fields"] as? [[String: Any]]).filter { $0["name"] as? String != "amount" }
                try await register("data", data)
                try await register("events.raw-value", schema, [["name": "emporium.parts.Data", "subject": "data", "version": 2]])
                let gone = try await drift(server.url)
                #expect(try gone.exitCode == 2 && findings(gone) == ["events.raw-value table data.amount data"], "\(gone.out)\(gone.err)")
                let away = try await drift("http://127.0.0.1:1")
                #expect(away.exitCode == 69, "\(away.err)")
            }
        }
    }
}
