import Foundation
import Glibc
import Kafka
import Stack
import Testing

@testable import emporium

extension EndToEnd {
    /// The embedded broker behind `up`, `status` and `down`.
    @Suite(.serialized, .timeLimit(.minutes(3))) struct BrokerTests {
        /// A stack of its own, with a blank and an apostrophe in its path, which is longer than a socket's address may be.
        private struct Place: Sendable {
            let folder: String
            let home: String
            var broker: EmbeddedBroker { EmbeddedBroker(home: home, program: Emporium.path) }

            func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Emporium.Outcome {
                try await Emporium.run(arguments, environment.merging(["EMPORIUM_HOME": home]) { $1 }, in: folder)
            }

            func start(_ arguments: String...) throws -> Child {
                try Child(Emporium.path, arguments, ["EMPORIUM_HOME": home], in: folder)
            }

            func up() async throws -> BrokerState {
                let outcome = try await run("up", "--root", TestStack.root)
                try #require(outcome.exitCode == 0, "\(outcome.err)")
                return try #require(broker.running())
            }

            /// The broker alone, without the seconds that PostgreSQL takes.
            func upBroker() async throws -> BrokerState {
                try await broker.up(topics: TestStack.root + "/topics/main-topics").state
            }

            func record(_ change: (String) -> String) throws {
                let file = home + "/kafka/broker"
                try change(try String(contentsOfFile: file, encoding: .utf8)).write(toFile: file, atomically: true, encoding: .utf8)
            }
        }

        private func withPlace(_ body: (Place) async throws -> Void) async throws {
            var template = Array("/tmp/emporium-broker-XXXXXX".utf8CString)
            let folder = String(cString: try #require(mkdtemp(&template)))
            chmod(folder, 0o755)
            let place = Place(folder: folder, home: folder + "/it's a home" + String(repeating: "x", count: 90))
            Leftovers.remove(folder, atExitWith: StackLayout(home: place.home).pgdata)
            var failure: (any Error)?
            do { try await body(place) } catch { failure = error }
            let outcome = try await place.run("down")
            #expect(outcome.exitCode == 0 && place.broker.running() == nil, "\(outcome.err)")
            try FileManager.default.removeItem(atPath: folder)
            if let failure { throw failure }
        }

        private func isThere(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }

        @Test func upStatusAndDown() async throws {
            try await withPlace { place in
                let first = try await place.up()
                #expect(try await place.up() == first, "an up of what runs does nothing")
                var info = stat()
                #expect(lstat(place.home + "/kafka/control", &info) == 0 && info.st_mode & 0o777 == 0o600)

                let early = try await place.run("status")
                #expect(early.exitCode == 78 && early.err.contains("emporium migrate"), "\(early.err)")
                let unmigrated = try await place.run("collect", "keys", "list")
                #expect(unmigrated.exitCode == 1 && unmigrated.err.contains("hint:") && unmigrated.err.contains("emporium migrate"), "\(unmigrated.err)")
                #expect(try await place.run("migrate", "--root", TestStack.root).exitCode == 0)
                let status = try await place.run("status", "--json").json()
                let kafka = try #require(status["kafka"] as? [String: Any])
                #expect(kafka["embedded"] as? Bool == true && kafka["pid"] as? Int == Int(first.pid))
                #expect(kafka["bootstrapServers"] as? String == first.bootstrapServers)
                #expect(kafka["clusterID"] as? String == first.clusterID)
                let topics = try #require(kafka["topics"] as? [[String: Any]])
                #expect(topics.map { $0["topic"] as? String } == ["customers", "customers.dead.letter", "events.dead.letter", "events.raw"])
                #expect(topics.map { $0["partitions"] as? Int } == [3, 1, 1, 3] && topics.allSatisfy { $0["messages"] as? Int == 0 })
                let text = try await place.run("status").out
                #expect(text.contains("mock cluster") && text.contains("5 MB or 100,000") && text.contains("forgets everything"))
                #expect(try await place.run("doctor").out.contains("the embedded broker on \(first.bootstrapServers) answers"))

                let down = try await place.run("down", "--json").json()
                #expect(down["stopped"] as? Bool == true && down["kafkaStopped"] as? Bool == true)
                #expect((down["topics"] as? [[String: Any]])?.count == 4)
                #expect(place.broker.running() == nil)
                try await eventually("the end of the broker") { !isThere(first.pid) }
                #expect(try await place.run("down").out == "was not running\n")
                #expect(try await place.run("status").exitCode == 69)
            }
        }

        @Test func aKilledBrokerIsStartedAnewAndIsAnotherCluster() async throws {
            try await withPlace { place in
                var ids: [String] = []
                for _ in 0..<3 {
                    let state = try await place.upBroker()
                    ids.append(state.clusterID)
                    kill(state.pid, SIGKILL)
                    try await eventually("the end of the broker") { place.broker.running() == nil }
                    #expect(try await place.run("doctor").out.contains("no embedded one runs"))
                }
                #expect(Set(ids).count == 3 && place.broker.earlierIDs() == Set(ids), "\(ids)")
            }
        }

        /// The id is an address in memory, which the next cluster may well get again.
        @Test func anIDIsNeverUsedTwice() throws {
            var ids: Set<String> = []
            for _ in 0..<4 { #expect(try ids.insert(BrokerHost(unlike: ids).clusterID).inserted) }
            var free: Set<String> = []
            for _ in 0..<4 { free.insert(try BrokerHost(unlike: []).clusterID) }
            #expect(free.count < 4, "if no address came twice, the loop above showed nothing")
        }

        @Test func aStalePidFileHarmsNoStranger() async throws {
            try await withPlace { place in
                let first = try await place.upBroker()
                kill(first.pid, SIGKILL)
                try await eventually("the end of the broker") { place.broker.running() == nil }
                // The number now is a stranger's.
                let stranger = try Child("/usr/bin/sleep", ["300"], in: "/")
                try place.record { $0.replacingOccurrences(of: "pid \(first.pid)\n", with: "pid \(stranger.pid)\n") }
                #expect(place.broker.running() == nil)
                #expect(try await place.run("down").exitCode == 0)
                try place.record { _ in "nonsense" }
                #expect(try await place.upBroker().clusterID != first.clusterID)
                #expect(stranger.isRunning)
                stranger.signal(SIGKILL)
            }
        }

        @Test func twoAtOnceStartOne() async throws {
            try await withPlace { place in
                let both = try (0..<3).map { _ in try place.start("up", "--root", TestStack.root, "--json") }
                var pids: Set<Int> = []
                for child in both {
                    let outcome = try await child.outcome()
                    #expect(outcome.exitCode == 0, "\(outcome.err)")
                    let kafka = try #require(try outcome.json()["kafka"] as? [String: Any])
                    pids.insert(try #require(kafka["pid"] as? Int))
                }
                #expect(pids.count == 1)
                #expect(place.broker.earlierIDs().count == 1)
            }
        }

        @Test func whenUpIsKilledTheNextOneLeavesOneBroker() async throws {
            try await withPlace { place in
                let log = place.home + "/kafka/log"
                _ = try await place.up()
                for _ in 0..<5 {
                    kill(try #require(place.broker.running()).pid, SIGKILL)
                    try await eventually("the end of the broker") { place.broker.running() == nil }
                    unlink(log)
                    let up = try place.start("up", "--root", TestStack.root)
                    // The log is made just before the broker's process is.
                    try await eventually("a broker that begins") { access(log, F_OK) == 0 || !up.isRunning }
                    up.signal(SIGKILL)
                    _ = try await up.outcome()
                    let state = try await place.up()
                    // One that the killed `up` began announces itself later than ours, or ends as it is not announced.
                    try await eventually("one broker") { brokers(of: place.home).count == 1 }
                    #expect(place.broker.running().map { brokers(of: place.home) == [$0.pid] } == true, "\(state)")
                    #expect(try await place.run("broker", "tell", "list").lines == ["customers 3", "customers.dead.letter 1", "events.dead.letter 1", "events.raw 3"])
                }
                let ids = try String(contentsOfFile: place.home + "/kafka/incarnations", encoding: .utf8).split(separator: "\n")
                #expect(Set(ids).count == ids.count, "\(ids)")
            }
        }

        /// Processes that are a home's broker, by their command lines.
        private func brokers(of home: String) -> [Int32] {
            ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }.filter { pid in
                let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
                return String(decoding: line, as: UTF8.self).split(separator: "\0").contains(Substring(home))
            }
        }

        @Test func whatItHoldsIsShownAndToldWhenItGoes() async throws {
            try await withPlace { place in
                // Without PostgreSQL beside it.
                let state = try await place.upBroker()
                let producer = try Producer(KafkaConfiguration(["bootstrap.servers": state.bootstrapServers]))
                for number in 0..<5 {
                    try await producer.send(topic: "customers", key: nil, value: [UInt8(number)], partition: Int32(number % 2))
                }
                try await producer.close()
                let status = try await place.run("status")
                #expect(status.exitCode == 69 && status.out.contains("0–3 0–2 0–0"), "\(status.out)")
                let down = try await place.run("down")
                #expect(down.out.contains("customers: 5 messages go with the embedded broker\n"), "\(down.out)")
                #expect(down.out.contains("PostgreSQL was not running") && place.broker.running() == nil)
            }
        }

        @Test func aBrokerWhoseFolderIsGoneEndsItself() async throws {
            try await withPlace { place in
                let state = try await place.upBroker()
                #expect(brokers(of: place.home) == [state.pid])
                try FileManager.default.removeItem(atPath: place.home + "/kafka")
                try await eventually("the end of the broker") { brokers(of: place.home).isEmpty }
            }
        }

        @Test func requestsBreakAndMendIt() async throws {
            try await withPlace { place in
                _ = try await place.upBroker()
                try place.broker.tell("create more 2")
                #expect(try place.broker.tell("list") == ["customers 3", "customers.dead.letter 1", "events.dead.letter 1", "events.raw 3", "more 2"])
                #expect(throws: StackError.self) { try place.broker.tell("create more 2") }
                for wrong in ["", "create more", "create x zero", "rtt -1", "errors 0", "errors 0 x", "nothing", String(repeating: "x", count: 5000)] {
                    #expect(throws: StackError.self, "\(wrong)") { try place.broker.tell(wrong) }
                }
                try place.broker.tell("rtt 1")
                try place.broker.tell("down")
                let doctor = try await place.run("doctor")
                #expect(doctor.exitCode == 1 && doctor.out.contains("does not answer"), "\(doctor.out)")
                try place.broker.tell("up")
                #expect(try await place.run("doctor").exitCode == 0)
                // A request may fail once: the second is answered.
                try place.broker.tell("errors 3 -1")
                #expect(try await place.run("broker", "tell", "list").exitCode == 0)
            }
        }

        @Test func withoutABrokerAndWithAnothersName() async throws {
            try await withPlace { place in
                let named = ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"]
                #expect(try await place.run("up", "--no-kafka").exitCode == 0)
                #expect(place.broker.running() == nil)
                #expect(try await place.run("up", environment: named).exitCode == 0)
                #expect(place.broker.running() == nil)
                #expect(try await place.run("migrate", "--root", TestStack.root).exitCode == 0)
                let status = try await place.run("status", "--json").json()
                #expect(status["kafka"] == nil)
                let outcome = try await place.run("up")
                #expect(outcome.exitCode == 0 && outcome.err.contains("topics/main-topics is not there"), "\(outcome.err)")
                #expect(try place.broker.tell("list") == [])
            }
        }

        @Test func aBadListOfTopicsStartsNothing() async throws {
            try await withPlace { place in
                try FileManager.default.createDirectory(atPath: place.folder + "/topics", withIntermediateDirectories: true)
                try "customers,0,1\n".write(toFile: place.folder + "/topics/main-topics", atomically: true, encoding: .utf8)
                let outcome = try await place.run("up")
                #expect(outcome.exitCode == 78 && outcome.err.contains("topics/main-topics:1:"), "\(outcome.err)")
                #expect(!FileManager.default.fileExists(atPath: place.home))
            }
        }
    }
}
