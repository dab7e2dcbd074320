import Digests
import Foundation
import Postgres
import TestSupport
import Testing

extension EndToEnd {
    /// `emporium schemas`, `emporium collect keys`, `scripts/register-schemas`.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct SchemasTests {
        private static let one = #"{"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}]}"#
        private static let optional = one.replacingOccurrences(of: "}]}", with: #"}, {"name": "b", "type": ["null", "int"], "default": null}]}"#)
        private static let required = one.replacingOccurrences(of: "}]}", with: #"}, {"name": "c", "type": "int"}]}"#)

        /// What each step of a plan says.
        private func steps(_ outcome: Emporium.Outcome) throws -> [String] {
            try #require(try outcome.json()["steps"] as? [[String: Any]]).map { step in
                ["subject", "action", "version", "id"].map { "\(step[$0] ?? "-")" }.joined(separator: " ")
            }
        }

        private func write(_ bench: Bench, _ topic: String, _ text: String) throws {
            try FileManager.default.createDirectory(atPath: "\(bench.folder)/topics", withIntermediateDirectories: true)
            try text.write(toFile: "\(bench.folder)/topics/\(topic).avsc", atomically: true, encoding: .utf8)
        }

        @Test func planAndApplyInTheDatabase() async throws {
            try await Bench.with { bench in
                try write(bench, "a", Self.one)
                try write(bench, "b.c", #""string""#)
                let plan = try await bench.run("schemas", "plan", "--json", "--exit-code")
                #expect(plan.exitCode == 2, "\(plan.err)")
                #expect(try steps(plan) == ["a-value new 1 -", "b.c-value new 1 -"])
                #expect(try await bench.count("select count(*) from registry.schema") == 0, "a plan changes nothing")
                let apply = try await bench.run("schemas", "apply", "--json")
                #expect(apply.exitCode == 0, "\(apply.err)")
                #expect(try steps(apply) == ["a-value new 1 1", "b.c-value new 1 2"])
                for verb in ["plan", "apply"] {
                    let again = try await bench.run("schemas", verb, "--json")
                    #expect(try again.exitCode == 0 && steps(again) == ["a-value same 1 1", "b.c-value same 1 2"], "\(again.err)")
                }

                // An optional field more is version 2; a required one is refused, and nothing else is done either.
                try write(bench, "a", Self.required)
                try write(bench, "b.c", #""bytes""#)
                for verb in ["plan", "apply"] {
                    let refused = try await bench.run("schemas", verb, "--json")
                    #expect(refused.exitCode == 1 && refused.err.contains("a-value: cannot read what version 1 wrote: field c: the reader's schema has no default"))
                    #expect(refused.err.contains("nothing is applied"))
                    #expect(try steps(refused) == ["a-value refuse - -", "b.c-value version 2 -"])
                }
                #expect(try await bench.count("select count(*) from registry.subject_version") == 2)
                try write(bench, "a", Self.optional)
                let one = try await bench.run("schemas", "apply", "--topic", "a")
                #expect(one.exitCode == 0 && one.out.contains("a-value  version  1 → 2    3   BACKWARD"), "\(one.out)\(one.err)")
                #expect(try await bench.sql("select subject, version, schema_id from registry.subject_version order by 1, 2")
                    == [["a-value", "1", "1"], ["a-value", "2", "3"], ["b.c-value", "1", "2"]])

                // Back to the first: it is a version already, and not the newest.
                try write(bench, "a", Self.one)
                let back = try await bench.run("schemas", "plan", "--topic", "a", "--exit-code")
                #expect(back.exitCode == 0 && back.err.contains("the file has version 1, the newest is 2"), "\(back.err)")
                _ = try await bench.sql("update ops.setting set value = 'FULL_TRANSITIVE' where name = 'registry.compatibility'")
                try write(bench, "a", Self.required)
                let full = try await bench.run("schemas", "plan", "--topic", "a")
                #expect(full.exitCode == 1 && full.err.contains("version 2 wrote: field c:") && full.err.contains("version 1 wrote: field c:"), "\(full.err)")
            }
        }

        @Test func theTopicsOfThisPackage() async throws {
            try await Bench.with { bench in
                let outcome = try await bench.run("schemas", "apply", "--folder", "\(TestStack.root)/topics", "--topic", "events.raw", "--json")
                #expect(outcome.exitCode == 0, "\(outcome.err)")
                #expect(try steps(outcome) == ["events.raw-value new 1 1"])
            }
        }

        @Test func mistakesInFilesAreFoundFirst() async throws {
            try await Bench.with { bench in
                let none = try await bench.run("schemas", "plan")
                #expect(none.exitCode == 78 && none.err.contains("topics: cannot be read"), "\(none.err)")
                for (text, word) in [("{", "topics/a.avsc: no Avro schema"), (#"{"type": "record", "name": "r"}"#, "topics/a.avsc: no Avro schema")] {
                    try write(bench, "a", text)
                    let outcome = try await Emporium.run(["schemas", "apply"], ["DATABASE_URL": "host=/nonexistent"], in: bench.folder)
                    #expect(outcome.exitCode == 78 && outcome.err.contains(word), "\(outcome.err)")
                }
                try write(bench, "a", Self.one)
                let other = try await bench.run("schemas", "plan", "--topic", "z")
                #expect(other.exitCode == 78 && other.err.contains("topic z has no schema"), "\(other.err)")
                let away = try await Emporium.run(["schemas", "plan"], ["DATABASE_URL": "host=/nonexistent"], in: bench.folder)
                #expect(away.exitCode == 69, "\(away.err)")
                let url = try await Emporium.run(["schemas", "plan"], ["SCHEMA_REGISTRY_URL": "http://u:hunter2@"], in: bench.folder)
                #expect(url.exitCode == 78 && !url.err.contains("hunter2"), "\(url.err)")
            }
        }

        /// Tests/registry/server.py; the tool and the script do the same to it.
        @Test(arguments: ["tool", "script"]) func inARegistry(by who: String) async throws {
            try await Bench.with { bench in
                let server = try PythonServer("registry/server.py", ["--user", "alice:won\"der\\land"])
                let url = "http://127.0.0.1:1, http://127.0.0.1:\(server.port)/"
                var environment = ["SCHEMA_REGISTRY_URL": url, "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": "alice:won\"der\\land"]
                func register(_ arguments: String...) async throws -> Emporium.Outcome {
                    if who == "tool" {
                        let verb = arguments.contains("--plan") ? "plan" : "apply"
                        return try await Emporium.run(["schemas", verb] + arguments.filter { $0 != "--plan" }, environment, in: bench.folder)
                    }
                    return try await Child("\(TestStack.root)/scripts/register-schemas", arguments, environment, in: bench.folder).outcome()
                }
                // "café\t" in the doc, and what a shell would like to expand.
                try write(bench, "a", Self.one.replacingOccurrences(of: #""r","#, with: "\"r\",\n\t\"doc\": \"café \\\\ \\\" & $HOME `x` \\u00e9\","))
                try write(bench, "b", #""string""#)
                let plan = try await register("--plan")
                #expect(plan.exitCode == 0 && plan.out.contains("a-value") && plan.out.contains("new"), "\(plan.out)\(plan.err)")
                #expect(try await server.log().allSatisfy { !$0.hasSuffix("/versions") }, "a plan registers nothing")
                for turn in 1...2 {
                    let apply = try await register()
                    #expect(apply.exitCode == 0 && apply.out.contains(turn == 1 ? "new" : "same"), "\(apply.out)\(apply.err)")
                }
                #expect(try await server.log().filter { $0.hasPrefix("POST") && $0.hasSuffix("/versions") }.count == 2)
                try write(bench, "a", Self.required)
                try write(bench, "b", #"{"type": "string", "doc": "new text"}"#)
                let refused = try await register()
                #expect(refused.exitCode == 1 && refused.err.contains("a-value") && refused.err.contains("'c'"), "\(refused.err)")
                #expect(refused.err.contains("nothing is applied"))
                try write(bench, "a", Self.optional)
                let second = try await register("--topic", "a")
                #expect(second.exitCode == 0 && second.out.contains("version") && second.out.contains("2"), "\(second.out)\(second.err)")

                for fault in [#"{"status": 500}"#, #"{"body": "<html>"}"#, #"{"status": 429}"#, #"{"status": 404, "body": "<html>"}"#] {
                    try await server.fault(fault)
                    let outcome = try await register("--topic", "a")
                    #expect(outcome.exitCode == 69, "\(fault): \(outcome.exitCode ?? -1) \(outcome.err)")
                }
                environment["SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"] = "alice:wrong"
                let nobody = try await register()
                #expect(nobody.exitCode == 69 && nobody.err.contains("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO=user:password"), "\(nobody.err)")
                #expect(!nobody.err.contains("wrong") || nobody.err.contains("are wrong"))
                environment = ["SCHEMA_REGISTRY_URL": "http://alice:won%22der%5Cland@127.0.0.1:\(server.port)"]
                let byURL = try await register("--topic", "a")
                #expect(byURL.exitCode == 0, "\(byURL.err)")
            }
        }

        @Test func keysAreShownOnce() async throws {
            try await Bench.with { bench in
                let first = try await bench.run("collect", "keys", "add", "--sender", "shop")
                let key = try #require(first.lines.first)
                #expect(first.exitCode == 0 && first.lines.count == 1 && key.wholeMatch(of: /emp_[A-Za-z0-9_-]{43}/) != nil, "\(first.out)")
                #expect(first.err.contains("not shown again") && !first.err.contains(key))
                let second = try await bench.run("collect", "keys", "add", "--sender", "shop", "--rate", "12.5", "--json")
                #expect(try second.json()["key"] as? String != key && second.json()["rate"] as? Double == 12.5)
                #expect(try await bench.sql("select sender, encode(key_digest, 'hex'), rate from events.api_key order by 1, api_key_id")
                    == [["shop", sha256Hex(key), nil], ["shop", sha256Hex(try #require(try second.json()["key"] as? String)), "12.5"]])
                let list = try await bench.run("collect", "keys", "list")
                #expect(list.lines.count == 4 && list.lines[2].hasPrefix("1   shop    default") && !list.out.contains(sha256Hex(key)), "\(list.out)")
                let revoked = try await bench.run("collect", "keys", "revoke", "1")
                #expect(revoked.exitCode == 0 && revoked.out == "revoked key 1 of shop\n", "\(revoked.err)")
                #expect(try await bench.run("collect", "keys", "revoke", "1").exitCode == 0, "again")
                let rest = try await bench.run("collect", "keys", "revoke", "--sender", "shop", "--json")
                #expect(try JSONDecoder().decode([[String: JSONValue]].self, from: Data(rest.out.utf8)).count == 1)
                #expect(try await bench.count("select count(*) from events.api_keys()") == 0)
                for (arguments, code, word) in [
                    (["revoke", "9"], 1, "EM310"), (["revoke", "--sender", "nobody"], 1, "EM310"), (["revoke"], 64, "name a key"),
                    (["add", "--sender", "a b"], 64, "--sender"), (["add", "--sender", "x", "--rate", "0"], 64, "--rate"),
                    (["add", "--sender", "x", "--rate", "nan"], 64, "--rate"), (["add"], 64, "--sender"),
                ] as [([String], Int32, String)] {
                    let outcome = try await Emporium.run(["collect", "keys"] + arguments, bench.environment, in: bench.folder)
                    #expect(outcome.exitCode == code && outcome.err.contains(word), "\(arguments): \(outcome.err)")
                }
            }
        }

        /// Posts of one package at the same time, on sessions of their own: the same id for all of them.
        @Test func aPackagePostedAtOnce() async throws {
            try await Bench.with { bench in
                _ = try await bench.run("collect", "keys", "add", "--sender", "shop")
                let place = ConnectionConfiguration(
                    conninfo: TestStack.url(bench.stack.url, database: bench.database), role: "collector")
                let answers = try await withThrowingTaskGroup(of: [String].self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let connection = try await Connection.connect(place)
                            var answers: [String] = []
                            for package in 0..<50 {
                                let row = try await connection.query(
                                    "select package_id, is_same from events.remember_package(1, $1, sha256('body'), gen_random_uuid())",
                                    [.text("package \(package)")]
                                ).first
                                answers.append("\(package) \(row?["package_id"] ?? "") \(row?["is_same"] ?? "")")
                            }
                            await connection.close()
                            return answers
                        }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(answers.count == 400 && Set(answers).count == 50 && answers.allSatisfy { $0.hasSuffix(" t") })
            }
        }
    }
}

private enum JSONValue: Decodable {
    case any
    init(from decoder: any Decoder) throws { self = .any }
}

/// What Tests/registry/server.py is asked.
extension PythonServer {
    fileprivate func fault(_ answer: String) async throws {
        try await system(["/usr/bin/curl", "-sS", "-d", #"{"answers": [\#(answer)]}"#, "http://127.0.0.1:\(port)/_fault"])
    }

    fileprivate func log() async throws -> [String] {
        try JSONDecoder().decode([String].self, from: Data(try await system(["/usr/bin/curl", "-sS", "http://127.0.0.1:\(port)/_log"]).utf8))
    }
}
