import Foundation
import Testing

extension EndToEnd {
    /// The schema registry that the collector serves, as those use it who know Confluent's.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct RegistryTests {
        private static let python = "\(TestStack.root)/.venv-tools/bin/python"
        private static let json = "Content-Type: application/vnd.schemaregistry.v1+json"

        /// Confluent's own client for Python: each case of Tests/registry/clients.py.
        @Test(arguments: ["open", "key"]) func confluentsClient(_ access: String) async throws {
            try #require(FileManager.default.isExecutableFile(atPath: Self.python), "\(Self.python) is missing: scripts/test-tools")
            try await Collecting.with(["REGISTRY": access]) { collecting, _ in
                let script = "\(TestStack.root)/Tests/registry/clients.py"
                let environment = ["PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"]
                let cases = try await Child(Self.python, [script, "list"], environment, in: "/tmp").outcome().lines
                let outcome = try await Child(
                    Self.python, [script, "http://127.0.0.1:\(collecting.port)", access == "key" ? collecting.key : "-"], environment,
                    in: collecting.bench.folder
                ).outcome(deadline: .seconds(180))
                for line in outcome.lines where line.hasPrefix("FAILED") { Issue.record("\(line)") }
                #expect(outcome.lines.filter { $0.hasPrefix("ok ") }.count == cases.count, "\(outcome.err)")
                #expect(cases.count >= 15)
                #expect(!collecting.child.err.contains(collecting.key), "no key in the log")
                #expect(collecting.child.err.contains("registry: POST /subjects/{subject}/versions"))
            }
        }

        /// kcat decodes Avro only where it is built with libserdes, which Debian's is not.
        @Test func kcatWhereItKnowsAvro() async throws {
            let version = try await Child("/usr/bin/env", ["kcat", "-V"], in: "/tmp").outcome()
            let text = version.out + version.err
            try await Collecting.with { collecting, _ in
                _ = try await collecting.post([Collecting.event()])
                let outcome = try await Child(
                    "/usr/bin/env",
                    [
                        "kcat", "-b", collecting.brokers, "-C", "-t", Collecting.topic, "-e", "-q", "-s", "value=avro",
                        "-r", "http://127.0.0.1:\(collecting.port)",
                    ], in: "/tmp"
                ).outcome()
                if text.localizedCaseInsensitiveContains("avro") {
                    #expect(outcome.exitCode == 0 && outcome.out.contains("invoice.created"), "\(outcome)")
                } else {
                    #expect(outcome.exitCode != 0 && outcome.err.contains("Avro"), "\(outcome)")
                }
            }
        }

        private struct Case {
            var method: String
            var path: String
            var body: String?
            var status: Int
            /// nil: no error.
            var code: Int?

            init(_ method: String, _ path: String, with body: String? = nil, _ status: Int, _ code: Int? = nil) {
                (self.method, self.path, self.body, self.status, self.code) = (method, path, body, status, code)
            }
        }

        private static func schema(_ text: String, _ more: String = "") -> String {
            let quoted = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            return #"{"schema":"\#(quoted)"\#(more)}"#
        }

        private static func record(_ fields: String...) -> String {
            #"{"type":"record","name":"r","fields":[\#(fields.joined(separator: ","))]}"#
        }

        /// Every error code that the API documents, and answers that are none, by curl. One after another: each finds what those before
        /// have left.
        private static let cases: [Case] = {
            let one = schema(record(#"{"name":"a","type":"string"}"#))
            let two = schema(record(#"{"name":"a","type":"string"}"#, #"{"name":"b","type":["null","int"],"default":null}"#))
            let bad = schema(record(#"{"name":"a","type":"int"}"#))
            let name = #"{"name":"r","subject":"s","version":1}"#
            let user = schema(#"{"type":"array","items":"r"}"#, #","references":[\#(name)]"#)
            return [
                Case("GET", "/", 200), Case("GET", "/contexts", 200), Case("GET", "/schemas/types", 200),
                Case("GET", "/v1/metadata/id", 200), Case("GET", "/v1/metadata/version", 200),
                Case("GET", "/subjects/s/versions", 404, 40401), Case("GET", "/subjects/s/versions/1", 404, 40401),
                Case("POST", "/subjects/s", with: one, 404, 40401), Case("DELETE", "/subjects/s", 404, 40401),
                Case("POST", "/compatibility/subjects/s/versions/7", with: one, 404, 40401),
                Case("POST", "/subjects/s/versions", with: "[]", 400, 400), Case("POST", "/subjects/s/versions", with: "{", 400, 400),
                Case("POST", "/subjects/s/versions", with: "{}", 422, 42201), Case("POST", "/subjects/s/versions", with: schema("{"), 422, 42201),
                Case("POST", "/subjects/s/versions", with: schema(#""x""#, #","schemaType":"PROTOBUF""#), 422, 42201),
                Case("POST", "/subjects/__GLOBAL/versions", with: one, 422, 42208),
                Case("POST", "/subjects/s/versions", with: one, 200), Case("POST", "/subjects/s/versions", with: one, 200),
                Case("POST", "/subjects/s", with: one, 200), Case("POST", "/subjects/s", with: two, 404, 40403),
                Case("GET", "/subjects/s/versions/2", 404, 40402), Case("GET", "/subjects/s/versions/0", 422, 42202),
                Case("GET", "/subjects/s/versions/x", 422, 42202), Case("GET", "/subjects/s/versions/-2", 422, 42202),
                Case("GET", "/subjects/s/versions/-1", 200), Case("GET", "/subjects/s/versions/latest/schema", 200),
                Case("GET", "/subjects/s/versions/1/referencedby", 200), Case("GET", "/schemas", 200),
                Case("GET", "/schemas?latestOnly=true&subjectPrefix=s&limit=1", 200),
                Case("GET", "/schemas/ids/2147483647", 404, 40403), Case("GET", "/schemas/ids/2147483647/schema", 404, 40403),
                Case("GET", "/schemas/ids/2147483647/subjects", 404, 40403), Case("GET", "/schemas/ids/2147483647/versions", 404, 40403),
                Case("GET", "/schemas/ids/1?fetchMaxId=true", 200), Case("GET", "/schemas/ids/1/schema", 200),
                Case("GET", "/schemas/ids/1/subjects", 200), Case("GET", "/schemas/ids/1/versions", 200),
                Case("POST", "/subjects/s/versions", with: bad, 409, 409),
                Case("POST", "/compatibility/subjects/s/versions/latest?verbose=true", with: bad, 200),
                Case("POST", "/compatibility/subjects/s/versions", with: two, 200),
                Case("POST", "/compatibility/subjects/s/versions/9", with: two, 404, 40402),
                Case("POST", "/compatibility/subjects/s/versions/x", with: two, 422, 42202),
                Case("POST", "/compatibility/subjects/s/versions/latest", with: schema("{"), 422, 42201),
                Case("GET", "/config", 200), Case("GET", "/config/s", 404, 40408), Case("GET", "/config/s?defaultToGlobal=true", 200),
                Case("PUT", "/config/s", with: #"{"compatibility":"UP"}"#, 422, 42203), Case("PUT", "/config", with: #"{"compatibility":"UP"}"#, 422, 42203),
                Case("PUT", "/config/s", with: #"{"compatibility":"FULL"}"#, 200), Case("GET", "/config/s", 200), Case("DELETE", "/config/s", 200),
                Case("DELETE", "/config/s", 404, 40401), Case("DELETE", "/config", 200),
                Case("GET", "/mode", 200), Case("GET", "/mode/s", 404, 40409), Case("PUT", "/mode/s", with: #"{"mode":"UP"}"#, 422, 42204),
                Case("PUT", "/mode", with: #"{"mode":"IMPORT"}"#, 422, 42205), Case("PUT", "/mode/s", with: #"{"mode":"READONLY"}"#, 200),
                Case("POST", "/subjects/s/versions", with: two, 422, 42205), Case("DELETE", "/subjects/s", 422, 42205),
                Case("DELETE", "/mode/s", 200),
                Case("POST", "/subjects/u/versions", with: user, 200), Case("DELETE", "/subjects/s/versions/1", 422, 42206),
                Case("POST", "/subjects/v/versions", with: schema(#""r""#, #","references":[{"name":"r","subject":"s","version":9}]"#), 422, 42201),
                Case("PUT", "/mode/i?force=true", with: #"{"mode":"IMPORT"}"#, 200),
                Case("POST", "/subjects/i/versions", with: schema(#""bytes""#, #","id":1,"version":1"#), 422, 42205),
                Case("POST", "/subjects/i/versions", with: schema(#""bytes""#, #","id":7001,"version":5"#), 200),
                Case("POST", "/subjects/i/versions", with: schema(#""bytes""#, #","id":7002,"version":6"#), 422, 42207),
                Case("GET", "/schemas/ids/7001/schema", 200),
                Case("DELETE", "/subjects/u", 200), Case("DELETE", "/subjects/u", 404, 40404), Case("GET", "/subjects/u/versions", 404, 40401),
                Case("DELETE", "/subjects/s?permanent=true", 404, 40405), Case("DELETE", "/subjects/s/versions/1?permanent=true", 404, 40407),
                Case("DELETE", "/subjects/u?permanent=true", 200), Case("POST", "/subjects/s/versions", with: two, 200),
                Case("DELETE", "/subjects/s/versions/1", 200), Case("DELETE", "/subjects/s/versions/1", 404, 40406),
                Case("DELETE", "/subjects/s/versions/1?permanent=true", 200), Case("GET", "/subjects/s/versions/1?deleted=true", 404, 40402),
                Case("GET", "/subjects?deleted=true", 200), Case("GET", "/subjects?deletedOnly=true&subjectPrefix=s", 200),
                Case("PATCH", "/subjects/s/versions", with: "{}", 405, 405), Case("POST", "/subjects", with: "{}", 405, 405),
                Case("DELETE", "/schemas/ids/1", 405, 405), Case("GET", "/schemas/ids/x", 404, 404),
            ]
        }()

        @Test func eachErrorHasItsCode() async throws {
            try await Collecting.with { collecting, _ in
                for (number, one) in Self.cases.enumerated() {
                    let answer = try await Self.ask(collecting, one.method, one.path, one.body)
                    let comment: Comment = "\(number): \(one.method) \(one.path) \(one.body ?? ""): \(answer)"
                    #expect(answer.status == one.status, comment)
                    #expect(answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json", comment)
                    let json = try JSONSerialization.jsonObject(with: Data(answer.body.utf8), options: .fragmentsAllowed)
                    let error = json as? [String: Any]
                    #expect(error?["error_code"] as? Int == one.code, comment)
                    if one.code != nil {
                        #expect((error?["message"] as? String)?.isEmpty == false && error?.count == 2, comment)
                    }
                }
                let documented = [
                    400, 404, 405, 409, 40401, 40402, 40403, 40404, 40405, 40406, 40407, 40408, 40409, 42201, 42202, 42203, 42204, 42205,
                    42206, 42207, 42208,
                ]
                #expect(Set(Self.cases.compactMap(\.code)) == Set(documented))
            }
        }

        /// The field that is in the way is named, in the registry's answer and in the tool's.
        @Test func theToolWorksAgainstIt() async throws {
            try await Collecting.with(["REGISTRY": "key"], schemas: false) { collecting, _ in
                let folder = "\(collecting.bench.folder)/topics"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                let file = "\(folder)/orders.avsc"
                try "name,partitions,replicas\norders,1,1\n".write(toFile: "\(folder)/main-topics", atomically: true, encoding: .utf8)
                func emporium(_ verb: String, key: String?) async throws -> Emporium.Outcome {
                    var environment = collecting.bench.environment
                    environment["SCHEMA_REGISTRY_URL"] = "http://127.0.0.1:\(collecting.port)"
                    if let key { environment["SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"] = "tool:\(key)" }
                    return try await Emporium.run(["schemas", verb, "--folder", folder], environment, in: collecting.bench.folder)
                }
                try Self.record(#"{"name":"a","type":"string"}"#).write(toFile: file, atomically: true, encoding: .utf8)
                let nobody = try await emporium("apply", key: nil)
                #expect(nobody.exitCode == 69 && nobody.err.contains("401"), "\(nobody)")
                let applied = try await emporium("apply", key: collecting.key)
                #expect(applied.exitCode == 0 && applied.out.contains("orders-value"), "\(applied)")
                let again = try await emporium("plan", key: nil)
                #expect(again.exitCode == 0 && again.out.contains("same"), "reading needs no key: \(again)")
                try Self.record(#"{"name":"a","type":"string"}"#, #"{"name":"b","type":"int"}"#)
                    .write(toFile: file, atomically: true, encoding: .utf8)
                let refused = try await emporium("plan", key: nil)
                #expect(refused.exitCode == 1 && (refused.out + refused.err).contains("b: "), "\(refused)")
                #expect(try await Self.ask(collecting, "GET", "/subjects/orders-value/versions").body == "[1]")
            }
        }

        /// Who has no key is told so before a body is sent; a wrong key is told the same.
        @Test func whoMayChangeSchemas() async throws {
            try await Collecting.with(["REGISTRY": "key"]) { collecting, _ in
                let body = "\(collecting.bench.folder)/schema"
                try String(repeating: " ", count: 1 << 20).write(toFile: body, atomically: true, encoding: .utf8)
                for header in ["X-Nothing: 1", "X-API-Key: emp_wrong", "Authorization: Basic YTpi"] {
                    let outcome = try await Child(
                        "/usr/bin/curl",
                        [
                            "-sS", "-i", "-H", "Expect: 100-continue", "--expect100-timeout", "30", "-H", header, "-H", Self.json,
                            "--data-binary", "@\(body)", "http://127.0.0.1:\(collecting.port)/subjects/a/versions",
                        ], in: "/tmp"
                    ).outcome()
                    #expect(outcome.out.hasPrefix("HTTP/1.1 401 ") && !outcome.out.contains("100 Continue"), "\(outcome.out)")
                }
                #expect(try await collecting.metric("registry_in_flight_bytes") == 0)
                collecting.child.signal(SIGTERM)
                _ = try await collecting.child.outcome()
                let reading = try await collecting.again(["REGISTRY": "read"])
                let refused = try await Self.ask(reading, "DELETE", "/subjects/events.raw-value", headers: ["X-API-Key: \(collecting.key)"])
                #expect(refused.status == 403, "\(refused)")
                #expect(try await Self.ask(reading, "GET", "/subjects/events.raw-value/versions").body == "[1]")
                reading.child.signal(SIGKILL)
                _ = try await reading.child.outcome()
            }
        }

        /// An outage is told as one, and the registry is back with the database; what is broken is another thing.
        @Test func aDatabaseThatIsAway() async throws {
            try await Collecting.with { collecting, _ in
                let bench = collecting.bench
                func allow(_ connections: Bool) async throws {
                    try await bench.stack.admin("postgres") { admin in
                        try await admin.execute("alter database \(bench.database) allow_connections \(connections)")
                        if connections { return }
                        try await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = '\(bench.database)'")
                    }
                }
                let body = Self.schema(#""string""#)
                #expect(try await Self.ask(collecting, "POST", "/subjects/a/versions", body).status == 200)
                try await allow(false)
                for (method, path) in [("GET", "/subjects"), ("POST", "/subjects/b/versions"), ("POST", "/subjects/a")] {
                    let answer = try await Self.ask(collecting, method, path, method == "GET" ? nil : body)
                    #expect(answer.status == 503 && answer.headers["retry-after"] != nil, "\(answer)")
                    #expect(try answer.object()["error_code"] as? Int == 50001)
                    #expect(!answer.body.contains(bench.database), "nothing of the database's own words")
                }
                try await allow(true)
                try await eventually("the registry is back") {
                    try await Self.ask(collecting, "POST", "/subjects/b/versions", body).status == 200
                }
                try await bench.stack.admin(bench.database) { try await $0.execute("drop function registry.ask") }
                let answer = try await Self.ask(collecting, "GET", "/subjects")
                #expect(answer.status == 500 && !answer.body.contains("function"), "\(answer)")
                #expect(try answer.object()["error_code"] as? Int == 50001)
                #expect(collecting.child.err.contains("42883"), "the log says what it was")
            }
        }

        /// Comparing schemas takes no key and may take seconds: as many as want to may wait for that, and consumers still get theirs.
        @Test func readersDoNotWaitForThoseWhoCompare() async throws {
            try await Collecting.with { collecting, _ in
                let bench = collecting.bench
                let path = "/compatibility/subjects/events.raw-value/versions/latest"
                try await bench.stack.admin(bench.database) { blocker in
                    // Comparing asks for the subject's level; reading does not.
                    try await blocker.execute("begin; lock table registry.subject_setting in access exclusive mode")
                    async let one = Self.ask(collecting, "POST", path, Self.schema(#""int""#))
                    async let two = Self.ask(collecting, "POST", path, Self.schema(#""int""#))
                    try await eventually("two wait") {
                        try await bench.value("select count(*) from pg_locks where relation = 'registry.subject_setting'::regclass and not granted") == "2"
                    }
                    let read = try await Self.ask(collecting, "GET", "/schemas/ids/1")
                    #expect(read.status == 200, "\(read)")
                    try await blocker.execute("rollback")
                    let answers = try await [one, two]
                    #expect(answers.map(\.status) == [200, 200], "\(answers)")
                }
            }
        }

        private static func ask(
            _ collecting: Collecting, _ method: String, _ path: String, _ body: String? = nil, headers: [String] = []
        ) async throws -> Collecting.Answer {
            var all = headers
            if body != nil { all.append(json) }
            return try await collecting.ask(path, headers: all, more: ["-X", method] + (body.map { ["--data-binary", $0] } ?? []))
        }
    }
}
