import Foundation
import Kafka
import Stack
import Testing

extension EndToEnd {
    /// What the collector says of itself, judged by others' programs, and how it is started.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct CollectFrontTests {
        @Test func promtoolFindsNothing() async throws {
            let promtool = "\(TestStack.root)/.venv-tools/bin/promtool"
            try #require(
                FileManager.default.isExecutableFile(atPath: promtool),
                "promtool is missing: scripts/test-tools")
            try await Collecting.with { collecting, _ in
                _ = try await collecting.post([Collecting.event(), "1"])
                _ = try await collecting.ask("/collect", post: "[{")
                let page = try await collecting.ask("/metrics").body
                try page.write(toFile: "\(collecting.bench.folder)/metrics", atomically: true, encoding: .utf8)
                let outcome = try await Child(
                    "/bin/sh", ["-c", "\(promtool) check metrics < metrics"], in: collecting.bench.folder
                ).outcome()
                #expect(outcome.exitCode == 0 && outcome.out.isEmpty && outcome.err.isEmpty, "\(outcome)")
                #expect(page.contains(#"emporium_collector_packages_refused_total{code="malformed_json"} 1"#))
                #expect(page.contains(#"emporium_collector_events_total{verdict="rejected",code="not_an_object"} 1"#))
            }
        }

        /// Thousands of requests made up from /openapi.json, good ones and bad ones: each answer is one that it describes.
        @Test func schemathesisFindsNothing() async throws {
            let tool = "\(TestStack.root)/.venv-tools/bin/schemathesis"
            try #require(FileManager.default.isExecutableFile(atPath: tool), "\(tool) is missing: scripts/test-tools")
            try await Collecting.with(["REGISTRY": "key"]) { collecting, _ in
                let folder = "\(TestStack.root)/Tests/collector"
                let outcome = try await Child(
                    tool,
                    [
                        "--config-file", "\(folder)/schemathesis.toml", "run", "http://127.0.0.1:\(collecting.port)/openapi.json",
                        "-H", "X-API-Key: \(collecting.key)",
                    ], ["PYTHONDONTWRITEBYTECODE": "1"], in: collecting.bench.folder
                ).outcome(deadline: .seconds(180))
                #expect(outcome.exitCode == 0, "\(outcome.out.suffix(4000))\(outcome.err)")
                #expect(outcome.out.contains("37 selected / 37 total"), "\(outcome.out.suffix(4000))")
                #expect(collecting.child.isRunning)
            }
        }

        /// The embedded stack's first key is made, kept, and not made again.
        @Test func theEmbeddedStackHasAKey() async throws {
            let program = try Collecting.program()
            let stack = try await TestStack.make(durable: false)  // not the one that others are cloned from
            let environment = ["EMPORIUM_HOME": stack.home, "EMPORIUM_COLLECTOR": program]
            let file = "\(stack.home)/collector/key"
            var keys: [String] = []
            for _ in 0..<2 {
                let child = try Child(Emporium.path, ["collect", "--port", "0"], environment, in: stack.folder)
                let port = try await Collecting.port(of: child)
                keys.append(try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines))
                let status = try await system([
                    "/usr/bin/curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "X-API-Key: \(keys[0])",
                    "-H", "Content-Type: application/json", "-d", "[", "http://127.0.0.1:\(port)/collect",
                ])
                #expect(["400", "503"].contains(status), "let in: \(status)")
                child.signal(SIGTERM)
                #expect(try await child.outcome().exitCode == 0)
            }
            #expect(keys[0] == keys[1] && keys[0].wholeMatch(of: /emp_[A-Za-z0-9_-]{43}/) != nil)
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }

        @Test func whatIsWrongWithItsSettingsIsSaid() async throws {
            let environment = ["DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"]
            let missing = try await Emporium.run(
                ["collect"], environment.merging(["EMPORIUM_COLLECTOR": "/nowhere/emporium-collector"]) { $1 }, in: "/tmp")
            #expect(missing.exitCode == 78 && missing.err.contains("/nowhere/emporium-collector"), "\(missing.err)")
            let program = ["EMPORIUM_COLLECTOR": try Collecting.program()]
            let limit = try await Emporium.run(
                ["collect"], environment.merging(program) { $1 }.merging(["EMPORIUM_COLLECT_MAX_BODY": "much"]) { $1 }, in: "/tmp")
            #expect(limit.exitCode == 78 && limit.err.contains("EMPORIUM_COLLECT_MAX_BODY"), "\(limit.err)")
            let flag = try await Emporium.run(["collect", "--port", "70000"], environment, in: "/tmp")
            #expect(flag.exitCode == 64)
        }

        /// Large bodies from many senders, brokers that are away: memory stays where it is.
        @Test func memoryHasALimit() async throws {
            try await Collecting.with(["ACK_TIMEOUT": "5"]) { collecting, cluster in
                try cluster.setDown()
                let event = Collecting.event()
                let body = "[" + Array(repeating: event, count: 6_000).joined(separator: ",") + "]"
                try body.write(toFile: "\(collecting.bench.folder)/large", atomically: true, encoding: .utf8)
                try #require((2 << 20)...(4 << 20) ~= body.utf8.count)
                // Of the limit's length, and each byte the beginning or end of something.
                let hostile = "[" + String(repeating: "1,", count: (4 << 20) / 2 - 2) + "1]"
                try hostile.write(toFile: "\(collecting.bench.folder)/hostile", atomically: true, encoding: .utf8)
                let statuses = try await withThrowingTaskGroup(of: String.self) { group in
                    var statuses: [String] = []
                    for number in 0..<24 {
                        // Not all at once: of those nearly all are refused before they are whole.
                        if number >= 6, let status = try await group.next() { statuses.append(status) }
                        group.addTask {
                            try await Child(
                                "/usr/bin/curl",
                                [
                                    "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "X-API-Key: \(collecting.key)",
                                    "-H", "Content-Type: application/json", "--data-binary", number % 3 == 0 ? "@hostile" : "@large",
                                    "http://127.0.0.1:\(collecting.port)/collect",
                                ], in: collecting.bench.folder
                            ).outcome().out
                        }
                    }
                    return try await group.reduce(into: statuses) { $0.append($1) }
                }
                #expect(statuses.count == 24)
                let refused = try await collecting.ask("/metrics").body.split(separator: "\n").filter { $0.contains("refused_total{") }
                #expect(refused.contains { $0.contains("broker_away") }, "some waited for Kafka: \(refused) \(statuses)")
                #expect(statuses.allSatisfy { ["413", "503"].contains($0) } && statuses.contains("413"), "\(statuses)")
                collecting.child.signal(SIGTERM)
                let status = try String(contentsOfFile: "/proc/\(collecting.child.pid)/status", encoding: .utf8)
                let peak = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.1) })
                #expect(peak < 160 << 10, "\(peak) KiB")
            }
        }
    }
}
