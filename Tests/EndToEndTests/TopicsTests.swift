import Foundation
import Glibc
import Kafka
import Stack
import Testing

/// A broker that is not librdkafka's mock, as `scripts/real-broker` prints it.
let realKafka = ProcessInfo.processInfo.environment["EMPORIUM_TEST_KAFKA"]

extension EndToEnd {
    /// `emporium topics` and `scripts/create-topics`.
    @Suite(.serialized, .timeLimit(.minutes(2))) struct TopicsTests {
        /// A folder with a list, and an embedded broker without PostgreSQL beside it.
        private struct Place: Sendable {
            let folder: String
            var environment: [String: String]

            func list(_ text: String, _ name: String = "topics/main-topics") throws {
                try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
            }

            func topics(_ arguments: String...) async throws -> Emporium.Outcome {
                try await Emporium.run(["topics"] + arguments, environment, in: folder)
            }

            func script(_ arguments: String...) async throws -> Emporium.Outcome {
                let path = "\(TestStack.root)/Tests/kafka/stand-in:/usr/local/bin:/usr/bin:/bin"
                return try await Child(
                    "\(TestStack.root)/scripts/create-topics", arguments,
                    environment.merging(["PATH": path, "STAND_IN": "\(folder)/stand-in"]) { $1 }, in: folder
                ).outcome()
            }

            func standIn(_ topic: String) -> [String] {
                ((try? String(contentsOfFile: "\(folder)/stand-in/\(topic)", encoding: .utf8)) ?? "")
                    .split(separator: "\n").map(String.init)
            }

            /// Kafka's folder as it is unpacked, with the stand-ins in it.
            func kafkaHome() throws -> String {
                try FileManager.default.createDirectory(atPath: "\(folder)/kafka", withIntermediateDirectories: true)
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder)/kafka/bin", withDestinationPath: "\(TestStack.root)/Tests/kafka/stand-in")
                return "\(folder)/kafka"
            }
        }

        private func withPlace(broker: Bool = true, _ body: (Place) async throws -> Void) async throws {
            var template = Array("/tmp/emporium-topics-XXXXXX".utf8CString)
            let folder = String(cString: try #require(mkdtemp(&template)))
            for name in ["topics", "stand-in"] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            }
            let embedded = EmbeddedBroker(home: "\(folder)/home", program: Emporium.path)
            if broker { _ = try await embedded.up() }
            var failure: (any Error)?
            do { try await body(Place(folder: folder, environment: ["EMPORIUM_HOME": "\(folder)/home"])) } catch { failure = error }
            try await embedded.down()
            try FileManager.default.removeItem(atPath: folder)
            if let failure { throw failure }
        }

        private func actions(_ outcome: Emporium.Outcome) throws -> [String] {
            try #require(try outcome.json()["steps"] as? [[String: Any]]).map { "\($0["topic"] ?? "") \($0["action"] ?? "")" }
        }

        @Test func planAndApplyOnTheEmbeddedBroker() async throws {
            try await withPlace { place in
                try place.list("a,2,1\nb:1:3 # more replicas than it has\n")
                try place.list("retention.ms=1000\n", "topics/a.properties")
                let plan = try await place.topics("plan", "--json", "--exit-code")
                #expect(plan.exitCode == 2 && plan.err.contains("warning: b: nobody says how long"), "\(plan.err)")
                #expect(try actions(plan) == ["a create", "b create"])
                let apply = try await place.topics("apply")
                #expect(apply.exitCode == 0 && apply.out.contains("note: the embedded broker keeps no settings"), "\(apply.err)")
                let again = try await place.topics("plan", "--json", "--exit-code")
                #expect(again.exitCode == 0, "\(again.err)")
                #expect(try actions(again) == ["a same", "b same"])

                for (list, word) in [("a,1,1\nc,1,1", "cannot take partitions away"), ("a,3,1\nc,1,1", "emporium down && emporium up")] {
                    try place.list(list)
                    for verb in ["plan", "apply"] {
                        let refused = try await place.topics(verb)
                        #expect(refused.exitCode == 1 && refused.err.contains(word), "\(refused.err)")
                        #expect(refused.out.contains("not in the list, left alone: b\n"), "c was not made, b not touched")
                    }
                }
            }
        }

        @Test func mistakesInFilesAreFoundBeforeABrokerIsAsked() async throws {
            try await withPlace(broker: false) { place in
                try place.list("a,1\nb,x,1\n")
                for verb in ["plan", "apply"] {
                    let outcome = try await place.topics(verb)
                    #expect(outcome.exitCode == 78, "\(outcome.err)")
                    #expect(outcome.err.contains("topics/main-topics:1:") && outcome.err.contains("topics/main-topics:2:"))
                }
                #expect(try await place.topics("plan", "--file", "nothing").exitCode == 78)
                try place.list("a,1,1\n")
                try place.list("retention.ms=soon\n", "topics/a.properties")
                let outcome = try await place.topics("plan")
                #expect(outcome.exitCode == 78 && outcome.err.contains("topics/a.properties:1:"), "\(outcome.err)")
                try place.list("retention.ms=1\n", "topics/a.properties")
                let nowhere = try await place.topics("plan")
                #expect(nowhere.exitCode == 69 && nowhere.err.contains("emporium up") && nowhere.err.contains("KAFKA_BOOTSTRAP_SERVERS"))
            }
        }

        @Test func whereBrokersAreNamed() async throws {
            try await withPlace { place in
                var place = place
                try place.list("a,1,1\n")
                let right = try #require(EmbeddedBroker(home: "\(place.folder)/home").running()).bootstrapServers
                place.environment["KAFKA_MESSAGE_TIMEOUT_MS"] = "1"
                #expect(try await place.topics("plan").exitCode == 0)
                try place.list("kafka_bootstrap_servers: 127.0.0.1:1,\(right)\n", "emporium.yaml")
                #expect(try await place.topics("plan").exitCode == 0)
                place.environment["KAFKA_BOOTSTRAP_SERVERS"] = right
                #expect(try await place.topics("apply").out.contains("a      create"), "the embedded broker's own address: by its socket")
                place.environment["KAFKA_BOOTSTRAP_SERVERS"] = right.replacingOccurrences(of: "127.0.0.1", with: "localhost")
                #expect(try await place.topics("apply").out.contains("a      same"))
                place.environment["EMPORIUM_HOME"] = "\(place.folder)/other"
                let other = try await place.topics("plan")
                #expect(other.exitCode == 69 && other.err.contains("of another state folder"), "\(other.err)")
                place.environment["EMPORIUM_HOME"] = "\(place.folder)/home"
                place.environment["KAFKA_BOOTSTRAP_SERVERS"] = "no such host:x:y"
                #expect(try await place.topics("plan", "--bootstrap-servers", right).exitCode == 0, "the flag wins")
                place.environment["KAFKA_NONSENSE"] = "1"
                let outcome = try await place.topics("plan")
                #expect(outcome.exitCode == 78 && outcome.err.contains("KAFKA_NONSENSE"), "\(outcome.err)")
            }
        }

        @Test func theScriptDoesTheSameWithKafkasPrograms() async throws {
            try await withPlace(broker: false) { place in
                var place = place
                place.environment["KAFKA_BOOTSTRAP_SERVERS"] = "broker:9092"
                try place.list("# list\na,2,3\nb : 1 : 1\n")
                try place.list("cleanup.policy=compact,delete\nretention.ms=1000\n", "topics/a.properties")
                let plan = try await place.script("--plan")
                #expect(plan.exitCode == 0 && plan.out.contains("a create 2 partitions, 3 replicas"), "\(plan.err)")
                #expect(place.standIn("a") == [])
                let first = try await place.script()
                #expect(first.exitCode == 0 && first.err.contains("warning: b: nobody says how long"), "\(first.err)")
                #expect(place.standIn("a") == ["2", "3", "cleanup.policy=compact,delete", "retention.ms=1000"])
                #expect(place.standIn("b") == ["1", "1"])
                #expect(try await place.script().lines == ["a same", "b same"])

                try place.list("b,4,2\nc,1,1\n")
                try FileManager.default.removeItem(atPath: "\(place.folder)/topics/a.properties")
                try place.list("retention.ms=5\n", "topics/b.properties")
                let second = try await place.script()
                #expect(second.lines == [
                    "b add-partitions 1 → 4", "b configure retention.ms=5", "c create 1 partitions, 1 replicas",
                    "not in the list, left alone: a",
                ])
                #expect(second.err.contains("note: b: replicas: 1 there, 2 in the list"))
                #expect(place.standIn("b") == ["4", "1", "retention.ms=5"])

                try place.list("b,3,1\nd,1,1\n")
                let refused = try await place.script()
                #expect(refused.exitCode == 1 && refused.err.contains("b: 4 partitions, 3 in the list"), "\(refused.err)")
                #expect(place.standIn("d") == [] && place.standIn("b")[0] == "4")
            }
        }

        /// The command and the script read the same lists alike.
        @Test(arguments: [
            "a,1", "a,1,1,", "a,0,1", "a,1,0", "a,-1,1", "a,x,1", "a b,1,1", ".,1,1", "a,1,1\na,1,1", "a.b,1,1\na_b,1,1", ",1,1", "a;1;1",
            String(repeating: "a", count: 250) + ",1,1",
        ])
        func bothRefuse(_ list: String) async throws {
            try await withPlace(broker: false) { place in
                var place = place
                place.environment["KAFKA_BOOTSTRAP_SERVERS"] = "broker:9092"
                try place.list(list + "\n")
                #expect(try await place.topics("plan").exitCode == 78)
                #expect(try await place.script().exitCode == 78)
            }
        }

        @Test func theScriptSaysWhatIsMissing() async throws {
            try await withPlace(broker: false) { place in
                var place = place
                try place.list("a,1,1\n")
                #expect(try await place.script().err.contains("KAFKA_BOOTSTRAP_SERVERS"))
                place.environment["KAFKA_BOOTSTRAP_SERVERS"] = "elsewhere:9092"
                #expect(try await place.script().exitCode == 69)
                #expect(try await place.script("--nonsense").exitCode == 64)
                #expect(try await place.script("--file").exitCode == 64)
                #expect(try await place.script("--file", "nothing").exitCode == 78)
                let bare = try await Child(
                    "\(TestStack.root)/scripts/create-topics", [], ["KAFKA_BOOTSTRAP_SERVERS": "x:1", "PATH": "/usr/bin:/bin"],
                    in: place.folder
                ).outcome()
                #expect(bare.exitCode == 78 && bare.err.contains("KAFKA_HOME"), "\(bare.err)")
                let home = try await Child(
                    "\(TestStack.root)/scripts/create-topics", ["--plan", "--bootstrap-server", "broker:9092"],
                    ["KAFKA_HOME": try place.kafkaHome(), "PATH": "/usr/bin:/bin", "STAND_IN": "\(place.folder)/stand-in"],
                    in: place.folder
                ).outcome()
                #expect(home.exitCode == 0 && home.out.contains("a create"), "\(home.err)")
            }
        }

        @Test(.enabled(if: realKafka != nil, "no real broker: EMPORIUM_TEST_KAFKA is not set (scripts/real-broker)"))
        func aRealBroker() async throws {
            try await withPlace(broker: false) { place in
                var place = place
                place.environment["KAFKA_BOOTSTRAP_SERVERS"] = realKafka
                let name = "topics-test-\(UInt32.random(in: .min ... .max))"
                try place.list("\(name),2,1\n")
                try place.list("retention.ms=604800000\n", "topics/\(name).properties")
                #expect(try actions(try await place.topics("plan", "--json")) == ["\(name) create"])
                let apply = try await place.topics("apply")
                #expect(apply.exitCode == 0, "\(apply.err)")
                #expect(try await place.topics("plan", "--exit-code").exitCode == 0, "partitions and settings are there")
                try place.list("retention.ms=1000\n", "topics/\(name).properties")
                let plan = try await place.topics("plan", "--exit-code")
                #expect(plan.exitCode == 2 && plan.out.contains("retention.ms=604800000 → 1000"), "\(plan.out)")
                let set = try await place.topics("apply")
                #expect(set.exitCode == 0, "\(set.err)")
                #expect(try await place.topics("plan", "--exit-code").exitCode == 0)

                try place.list("\(name),1,1\n")
                #expect(try await place.topics("apply").exitCode == 1)
                try place.list("\(name)-wide,1,9999\n")
                try FileManager.default.removeItem(atPath: "\(place.folder)/topics/\(name).properties")
                let wide = try await place.topics("apply")
                #expect(wide.exitCode == 1 && wide.err.contains("9999 replicas on"), "\(wide.err)")

                // Partitions: added, or, by a broker that cannot (tansu), refused with the topic's name.
                try place.list("\(name),3,1\n")
                let more = try await place.topics("apply")
                if more.exitCode == 0 {
                    #expect(try await place.topics("plan", "--exit-code").exitCode == 0)
                } else {
                    #expect(more.exitCode == 1 && more.err.contains("_UNSUPPORTED_FEATURE") && more.err.contains(name), "\(more.err)")
                }
            }
        }
    }
}
