import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
    /// `generate events` as a user runs it, to a stand-in for the collector.
    @Suite(.timeLimit(.minutes(3))) struct GenerateEvents {
        /// Tests/http/collector.py in a process of its own.
        final class Collector: Sendable {
            private let server: PythonServer
            var url: String { server.url }

            init() throws { server = try PythonServer("http/collector.py") }

            private func get(_ path: String) async throws -> Any {
                let script = "import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())"
                let text = try await system(["/usr/bin/env", "python3", "-c", script, "\(url)/\(path)"])
                return try JSONSerialization.jsonObject(with: Data(text.utf8))
            }

            func seen() async throws -> [(key: String?, events: [Any])] {
                let list = try #require(try await get("seen") as? [[String: Any]])
                return try list.map { ($0["key"] as? String, try #require($0["events"] as? [Any])) }
            }

            func state(_ name: String) async throws -> Int {
                try #require((try await get("calls") as? [String: Int])?[name])
            }

            func start(_ arguments: [String], mode: String = "ok", key: String? = "emp_test") throws -> Child {
                let environment = key.map { ["EMPORIUM_API_KEY": $0] } ?? [:]
                let all = ["generate", "events", "--json", "--url", "\(url)/\(mode)"] + arguments
                return try Child(Emporium.path, all, environment, in: "/tmp")
            }

            func run(_ arguments: [String], mode: String = "ok", key: String? = "emp_test") async throws -> Emporium.Outcome {
                try await start(arguments, mode: mode, key: key).outcome()
            }
        }

        /// A file with so many lines, each another event; gone with this.
        final class Lines: Sendable {
            let path: String
            init(_ text: String) throws {
                path = "\(NSTemporaryDirectory())emporium-events-\(getpid())-\(UInt64.random(in: 0 ... .max)).json"
                try text.write(toFile: path, atomically: true, encoding: .utf8)
            }
            convenience init(_ count: Int) throws { try self.init((0..<count).map { "{\"number\":\($0)}\n" }.joined()) }
            deinit { unlink(path) }
        }

        private static func numbers(_ collector: Collector) async throws -> [Int] {
            try await collector.seen().flatMap { package in package.events.compactMap { ($0 as? [String: Int])?["number"] } }
        }

        @Test(arguments: [1, 7, 100, 333]) func everyLineIsSentOnce(count: Int) async throws {
            let collector = try Collector()
            let lines = try Lines(count)
            let outcome = try await collector.run(["--file", lines.path, "--seed", "\(count)"])
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(try await Self.numbers(collector).sorted() == Array(0..<count))
            let seen = try await collector.seen()
            #expect(seen.allSatisfy { (1...10).contains($0.events.count) })
            #expect(Set(seen.compactMap(\.key)).count == seen.count)
            if count == 333 { #expect(Set(seen.map(\.events.count)).count > 5) }
            let summary = try outcome.json()
            #expect(summary["events"] as? Int == count && summary["accepted"] as? Int == count)
            #expect(summary["packages"] as? Int == seen.count && summary["acknowledged"] as? Int == seen.count)
            #expect(summary["ending"] as? String == "complete" && summary["valid"] == nil)
        }

        @Test func blankLinesCarriageReturnsAndAMissingEndAreNothing() async throws {
            let collector = try Collector()
            let lines = try Lines("{\"number\":0}\r\n\n  \t\n{\"number\":1}  \n42\n{\"number\":2}")
            let outcome = try await collector.run(["--file", lines.path])
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(try await Self.numbers(collector).sorted() == [0, 1, 2])
            let summary = try outcome.json()
            #expect(summary["rejectedByCode"] as? [String: Int] == ["not_an_object": 1] && summary["rejected"] as? Int == 1)
        }

        @Test(arguments: ["busy", "lost"]) func whatFailsIsSentAgainAndNothingTwice(mode: String) async throws {
            let collector = try Collector()
            let lines = try Lines(60)
            let outcome = try await collector.run(["--file", lines.path, "--packages-in-flight", "16"], mode: mode)
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(try await Self.numbers(collector).sorted() == Array(0..<60))
            let summary = try outcome.json()
            let packages = try #require(summary["packages"] as? Int)
            let retries = try #require(summary["retries"] as? Int)
            // Of "lost" packages curl itself sends those again whose connection had served before.
            #expect(mode == "busy" ? retries == 2 * packages : retries > 0 && retries <= packages)
            #expect(try await collector.state("calls") >= packages + (mode == "busy" ? retries : packages))
        }

        @Test func aCollectorThatComesLateGetsEverything() async throws {
            let lines = try Lines(20)
            let absent = try Child(
                Emporium.path, ["generate", "events", "--url", "http://127.0.0.1:1", "--file", lines.path, "--patience", "1s"],
                ["EMPORIUM_API_KEY": "emp_test"], in: "/tmp")
            let outcome = try await absent.outcome()
            #expect(outcome.exitCode == 69, "\(outcome.err)")
            #expect(outcome.err.contains("hint:") && outcome.err.contains("--patience") && !outcome.err.contains("emp_test"))
        }

        @Test func aCollectorThatStaysBusyEndsItWith69() async throws {
            let collector = try Collector()
            let lines = try Lines(100)
            let outcome = try await collector.run(["--file", lines.path, "--patience", "1s"], mode: "away")
            #expect(outcome.exitCode == 69 && outcome.err.contains("broker_away"), "\(outcome.err)")
            let summary = try outcome.json()
            #expect(summary["ending"] as? String == "collector away" && (summary["unanswered"] as? Int ?? 0) > 0)
        }

        @Test func whatIsRefusedEndsItWith1AndSaysWhy() async throws {
            let collector = try Collector()
            let broken = try Lines("{\"number\":0}\n{\"number\":\n")
            var outcome = try await collector.run(["--file", broken.path])
            #expect(outcome.exitCode == 1 && outcome.err.contains("malformed_json") && outcome.err.contains("hint:"), "\(outcome.err)")
            let lines = try Lines(1000)
            outcome = try await collector.run(["--file", lines.path], key: "emp_other")
            #expect(outcome.exitCode == 1 && outcome.err.contains("wrong_api_key"), "\(outcome.err)")
            #expect(try #require(try outcome.json()["packages"] as? Int) < 30, "it goes on for nothing")
            #expect(!outcome.err.contains("emp_other"))
            outcome = try await collector.run(["--file", lines.path], mode: "teapot")
            #expect(outcome.exitCode == 1 && outcome.err.contains("418 teapot"), "\(outcome.err)")
            outcome = try await collector.run(["--file", lines.path], mode: "mute")
            #expect(outcome.exitCode == 1 && outcome.err.contains("is that a collector"), "\(outcome.err)")
        }

        @Test func receiptsAreWhatWasAcknowledged() async throws {
            let collector = try Collector()
            let receipts = try Lines("")
            let outcome = try await collector.run(
                [
                    "--synthetic", "2000", "--bad", "10%", "--duplicates", "10%", "--receipts", receipts.path,
                    "--packages-in-flight", "8",
                ])
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            let summary = try outcome.json()
            let lines = try String(contentsOfFile: receipts.path, encoding: .utf8).split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(lines.count == summary["acknowledged"] as? Int)
            let correlated = lines.flatMap { $0["correlationIds"] as? [String] ?? [] }
            #expect(correlated.count == 2000 && Set(correlated).count == 2000)
            let verdicts = lines.flatMap { $0["verdicts"] as? [String] ?? [] }
            let kinds = lines.flatMap { $0["kinds"] as? [String] ?? [] }
            let faults = try #require(summary["faults"] as? [String: Int])
            #expect(verdicts.count { $0 == "not_an_object" } == faults["notAnObject"])
            for (fault, count) in faults { #expect(kinds.count { $0 == fault } == count, "\(fault)") }
            #expect(kinds.count { $0 == "duplicate" } == summary["duplicates"] as? Int)
            #expect(kinds.count { $0 == "conflict" } == summary["conflicts"] as? Int)
            #expect(zip(verdicts, kinds).allSatisfy { ($0 == "not_an_object") == ($1 == "notAnObject") })
            #expect(try await collector.state("most") <= 8)
            #expect(outcome.peak < 64 << 10, "KiB: \(outcome.peak)")
        }

        @Test func aDryRunIsTheSameForTheSameSeed() async throws {
            let collector = try Collector()
            let arguments = ["--synthetic", "500", "--seed", "9", "--start", "2026-01-01T00:00:00Z", "--dry-run", "--bad", "5%"]
            let first = try await collector.run(arguments, key: nil)
            #expect(first.exitCode == 0, "\(first.err)")
            let packages = try first.lines.map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [Any]) }
            #expect(packages.map(\.count).reduce(0, +) == 500 && packages.allSatisfy { (1...10).contains($0.count) })
            #expect(try await collector.run(arguments, key: nil).out == first.out)
            #expect(try await collector.state("calls") == 0)
        }

        @Test func theSampleShips() async throws {
            let collector = try Collector()
            let outcome = try await collector.run(["--root", TestStack.root])
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(try #require(try outcome.json()["events"] as? Int) == 200)
            let nowhere = try await collector.run([])
            #expect(nowhere.exitCode == 78 && nowhere.err.contains("examples/events/events.json") && nowhere.err.contains("--root"))
        }

        @Test func itKeepsToARateAndEndsByASignal() async throws {
            let collector = try Collector()
            let child = try collector.start(["--synthetic", "0", "--rate", "500"])
            try await eventually("packages arrive") { try await collector.state("calls") > 10 }
            child.signal(SIGTERM)
            let outcome = try await child.outcome()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            let summary = try outcome.json()
            #expect(summary["ending"] as? String == "stopped" && summary["unanswered"] as? Int == 0)
            let events = try #require(summary["events"] as? Int)
            #expect(try await collector.seen().map(\.events.count).reduce(0, +) == events)
            let timed = try await collector.run(["--synthetic", "0", "--rate", "300", "--for", "1s"])
            let sent = try #require(try timed.json()["events"] as? Int)
            #expect(timed.exitCode == 0 && sent > 100 && sent <= 310)
        }

        @Test func theKeyComesFromAFileOrTheHome() async throws {
            let collector = try Collector()
            let lines = try Lines(3)
            let key = try Lines("emp_test\n")
            #expect(try await collector.run(["--file", lines.path, "--key-file", key.path], key: "emp_other").exitCode == 0)
            let home = "\(NSTemporaryDirectory())emporium-home-\(UInt64.random(in: 0 ... .max))"
            try FileManager.default.createDirectory(atPath: "\(home)/collector", withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: home) }
            try "emp_test".write(toFile: "\(home)/collector/key", atomically: true, encoding: .utf8)
            let arguments = ["generate", "events", "--file", lines.path, "--url", "\(collector.url)/ok/"]
            let outcome = try await Emporium.run(arguments, ["EMPORIUM_HOME": home], in: "/tmp")
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            let none = try await Emporium.run(arguments, ["EMPORIUM_HOME": "/tmp/no-such-home"], in: "/tmp")
            #expect(none.exitCode == 78 && none.err.contains("EMPORIUM_API_KEY") && none.err.contains("--key-file"), "\(none.err)")
        }

        @Test(arguments: [
            ["--file", "x", "--synthetic", "5"], ["--synthetic=-1"], ["--bad", "2%"],
            ["--synthetic", "5", "--bad", "60%", "--duplicates", "60%"],
            ["--packages-in-flight", "0"], ["--packages-in-flight", "65"], ["--patience", "0"], ["--url", "localhost:8000"],
            ["--url", "http://user:word@localhost"], ["--synthetic", "0", "--dry-run"], ["--for", "0s"], ["--rate", "fast"],
        ])
        func refusesWhatMakesNoSense(_ options: [String]) async throws {
            let outcome = try await Emporium.run(["generate", "events"] + options, ["EMPORIUM_API_KEY": "emp_test"], in: "/tmp")
            #expect(outcome.exitCode == 64, "\(outcome.err)")
        }
    }
}
