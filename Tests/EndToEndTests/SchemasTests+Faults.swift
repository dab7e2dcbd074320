import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// A registry that fails, hangs or answers what cannot be right, while messages wait for a schema.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct RegistryFaultsTests {
        /// Answers to `GET /schemas/ids/1` that say nothing about the schema: one of each kind, for each is waited for. All that there
        /// are is in ClientTests.
        private static let answers = [
            #"{"status": 500, "body": "{\"error_code\": 50001, \"message\": \"Error in the backend data store\"}"}"#,
            #"{"status": 404, "body": "<html>not here</html>"}"#, #"{"body": "<html>proxy</html>"}"#,
            #"{"body": "{\"schema\": \"{\\\"type\\\": \\\"rec\"}"}"#,
            #"{"body": "{\"schema\": \"\\\"string\\\"\", \"references\": [{\"name\": \"gone\", \"subject\": \"gone\", \"version\": 3}]}"}"#,
            #"{"delay": 12}"#,
        ]

        @Test func messagesWaitForTheirSchema() async throws {
            try await EventLoading.with { loading, _ in
                let server = try PythonServer("registry/server.py")
                let url = ["SCHEMA_REGISTRY_URL": server.url]
                let apply = try await Emporium.run(
                    ["schemas", "apply", "--folder", "\(TestStack.root)/topics", "--topic", "events.raw"], url, in: loading.bench.folder)
                try #require(apply.exitCode == 0, "\(apply.err)")
                try await system([
                    "/usr/bin/curl", "-sSf", "-d", #"{"answers": [\#(Self.answers.joined(separator: ","))]}"#, "\(server.url)/_fault",
                ])
                try await loading.send(try (0..<300).map { _ in try EventLoading.Event().avro(schemaID: 1) }, package: 1)
                let loader = try loading.start(["load", "kafka", "--topic", "events.raw"], url)
                defer { loader.signal(SIGKILL) }
                try await eventually("all of it", within: .seconds(120)) { try await loading.stored() == 300 }
                let outcome = try await loader.stop()
                #expect(outcome.exitCode == 0, "\(outcome.err)")
                #expect(try await loading.bench.count("select count(*) from staging.reject") == 0, "an outage is no dead letter")
                let log = try await system(["/usr/bin/curl", "-sSf", "\(server.url)/_log"])
                let asked = try JSONDecoder().decode([String].self, from: Data(log.utf8)).filter { $0.hasPrefix("GET /schemas/ids/1") }
                // For each answer, of which one may have gone to the other subject, and once it is known never again.
                #expect(asked.count >= Self.answers.count && asked.count <= Self.answers.count + 6, "\(asked.count)")
                try await loading.expectBalance()
            }
        }
    }
}
