import Foundation
import Glibc
import Kafka
import Logging
import Testing

extension EndToEnd {
    /// `generate customers` as a user runs it, onto brokers in this process.
    @Suite(.timeLimit(.minutes(3))) struct GenerateCustomers {
        private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

        struct Stored: Hashable, Sendable {
            var key: [UInt8]
            var value: [UInt8]?
        }

        /// Brokers with a topic `customers` of so many partitions.
        private static func brokers(partitions: Int32 = 3) throws -> MockCluster {
            let cluster = try MockCluster(logger: quiet)
            try cluster.createTopic("customers", partitions: partitions)
            return cluster
        }

        private static func start(_ arguments: [String], at brokers: String, _ more: [String: String] = [:]) throws -> Child {
            try Child(
                Emporium.path, ["generate", "customers", "--json"] + arguments,
                ["KAFKA_BOOTSTRAP_SERVERS": brokers].merging(more) { $1 }, in: "/tmp")
        }

        private static func run(_ arguments: [String], at brokers: String) async throws -> Emporium.Outcome {
            try await start(arguments, at: brokers).outcome()
        }

        /// All that is in the topic, partition by partition.
        private static func read(_ brokers: String, partitions: Int32 = 3) async throws -> [Stored] {
            let consumer = try Consumer(KafkaConfiguration(["bootstrap.servers": brokers]), logger: quiet)
            var stored: [Stored] = []
            for partition in 0..<partitions {
                let marks = try await consumer.watermarks(topic: "customers", partition: partition, within: .seconds(20))
                try #require(marks.low == 0, "the brokers have dropped messages: the test is too large for them")
                try await consumer.assign([Position(topic: "customers", partition: partition, offset: 0)])
                for _ in 0..<marks.high {
                    let one = try await consumer.poll(within: .seconds(20)) { message in
                        Stored(key: message.key.map { [UInt8]($0) } ?? [], value: message.value.map { [UInt8]($0) })
                    }
                    stored.append(try #require(one))
                }
            }
            await consumer.close()
            return stored
        }

        private static func integer(_ object: [String: Any], _ name: String) throws -> Int {
            try #require(object[name] as? Int, "\(name) of \(object)")
        }

        @Test func theSummaryIsWhatTheTopicHolds() async throws {
            let cluster = try Self.brokers()
            let arguments = ["--rate", "max", "--count", "6000", "--bad", "10%", "--customers", "500", "--start", "2026-01-01T00:00:00Z"]
            let outcome = try await Self.run(arguments, at: cluster.bootstrapServers)
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            let summary = try outcome.json()
            #expect(outcome.peak > 1 << 10 && outcome.peak < 64 << 10, "KiB: \(outcome.peak)")
            let stored = try await Self.read(cluster.bootstrapServers)
            for name in ["sent", "acknowledged"] { #expect(try Self.integer(summary, name) == 6000) }
            #expect(stored.count == 6000)
            #expect(try Self.integer(summary, "failed") == 0)
            let faults = try #require(summary["faults"] as? [String: Int])
            let events = try #require(summary["events"] as? [String: Int])
            let (valid, duplicates) = (try Self.integer(summary, "valid"), try Self.integer(summary, "duplicates"))
            #expect(valid + duplicates + faults.values.reduce(0, +) == 6000)
            #expect(events.values.reduce(0, +) == valid && events["signUp"] == 500)

            // Each counted anew from the bytes.
            #expect(stored.count { $0.value == nil } == faults["tombstone"])
            #expect(stored.count { $0.value == [] } == faults["emptyPayload"])
            let payloads = stored.filter { $0.value?.isEmpty == false }
            #expect(payloads.count - Set(payloads).count == duplicates)
            #expect(payloads.count { String(validating: $0.value ?? [], as: UTF8.self) == nil } == faults["invalidUTF8"])
            let texts = payloads.compactMap { String(validating: $0.value ?? [], as: UTF8.self) }
            #expect(texts.count { !$0.hasSuffix("}") } == faults["cutShort"])
            #expect(texts.count { $0.hasSuffix(",}") } == faults["trailingComma"])
            #expect(texts.count { $0.contains("\\u0000") } == faults["nulEscape"])
            #expect((faults["wrongKey"] ?? 0) > 30)
            let names = Set(faults.values)
            #expect((names.max() ?? 0) - (names.min() ?? 0) <= 1, "each kind in turn: \(faults)")

            // The same again is the same, byte for byte and partition by partition.
            let other = try Self.brokers()
            #expect(try await Self.run(arguments, at: other.bootstrapServers).exitCode == 0)
            #expect(try await Self.read(other.bootstrapServers) == stored)
            let third = try Self.brokers()
            #expect(try await Self.run(arguments + ["--seed", "2"], at: third.bootstrapServers).exitCode == 0)
            #expect(try await Self.read(third.bootstrapServers) != stored)
        }

        @Test func aMinutesWorthIsARateTimesATime() async throws {
            let cluster = try Self.brokers()
            let outcome = try await Self.run(["--rate", "250", "--for", "2s"], at: cluster.bootstrapServers)
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            let summary = try outcome.json()
            // Fewer only where the machine stood still for more than a second.
            let sent = try Self.integer(summary, "sent")
            #expect(sent <= 500 && sent > 100)
            #expect(try Self.integer(summary, "valid") == sent)
            #expect(try await Self.read(cluster.bootstrapServers).count == sent)
            let seconds = try #require(summary["seconds"] as? Double)
            #expect(seconds > 1.99, "500 messages at 250 a second cannot be had sooner")
        }

        @Test(arguments: [SIGTERM, SIGINT]) func aSignalEndsItWithASummary(signal: Int32) async throws {
            let cluster = try Self.brokers()
            let child = try Self.start(["--rate", "500"], at: cluster.bootstrapServers)
            let consumer = try Consumer(KafkaConfiguration(["bootstrap.servers": cluster.bootstrapServers]), logger: Self.quiet)
            try await eventually("messages in the topic") {
                try await consumer.watermarks(topic: "customers", partition: 0, within: .seconds(20)).high > 10
            }
            await consumer.close()
            child.signal(signal)
            let outcome = try await child.outcome()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            let summary = try outcome.json()
            #expect(summary["ending"] as? String == "stopped")
            let sent = try Self.integer(summary, "sent")
            #expect(try Self.integer(summary, "acknowledged") == sent)
            #expect(try await Self.read(cluster.bootstrapServers).count == sent)
        }

        @Test func brokersThatComeBackGetEverything() async throws {
            let cluster = try Self.brokers()
            let child = try Self.start(
                ["--rate", "2000", "--count", "8000", "--patience", "100s"], at: cluster.bootstrapServers,
                ["KAFKA_QUEUE_BUFFERING_MAX_MESSAGES": "500", "KAFKA_RECONNECT_BACKOFF_MAX_MS": "200"])
            let consumer = try Consumer(KafkaConfiguration(["bootstrap.servers": cluster.bootstrapServers]), logger: Self.quiet)
            try await eventually("messages in the topic") {
                try await consumer.watermarks(topic: "customers", partition: 0, within: .seconds(20)).high > 10
            }
            await consumer.close()
            try cluster.setDown()
            try await eventually("librdkafka's own warning") { child.err.contains("brokers are down") || !child.isRunning }
            #expect(child.isRunning, "it ended before the brokers went away: \(child.out)")
            try cluster.setUp()
            let outcome = try await child.outcome()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(try Self.integer(outcome.json(), "acknowledged") == 8000)
            // The mock brokers do not recognise an idempotent producer's repeats: none may be missing, some may be there twice.
            #expect(Set(try await Self.read(cluster.bootstrapServers)).count == 8000)
        }

        @Test func brokersThatStayAwayEndItWith69() async throws {
            let outcome = try await Self.run(["--rate", "100", "--patience", "2s"], at: "127.0.0.1:1")
            #expect(outcome.exitCode == 69, "\(outcome.err)")
            let summary = try outcome.json()
            #expect(summary["ending"] as? String == "brokers away")
            #expect(try Self.integer(summary, "acknowledged") == 0 && Self.integer(summary, "sent") > 0)
            #expect(outcome.err.components(separatedBy: "no broker has taken a message").count == 2, "once: \(outcome.err)")
            #expect(outcome.err.contains("KAFKA_BOOTSTRAP_SERVERS") && outcome.err.contains("hint:"))
            #expect(outcome.err.split(separator: "\n").count < 12, "it floods: \(outcome.err)")
        }

        @Test func aDeliveryThatFailsEndsItWith1() async throws {
            let child = try Self.start(["--rate", "100"], at: "127.0.0.1:1", ["KAFKA_MESSAGE_TIMEOUT_MS": "300"])
            let outcome = try await child.outcome()
            #expect(outcome.exitCode == 1, "\(outcome.err)")
            let summary = try outcome.json()
            #expect(summary["ending"] as? String == "failed")
            #expect(try Self.integer(summary, "failed") > 0 && Self.integer(summary, "acknowledged") == 0)
            #expect(outcome.err.contains("_MSG_TIMED_OUT") && outcome.err.contains("hint:"), "\(outcome.err)")
        }

        @Test(arguments: [
            ["--rate", "-1"], ["--rate", "fast"], ["--bad", "101%"], ["--bad", "1.5"], ["--bad", "nan"], ["--for", "0s"],
            ["--for", "soon"], ["--count", "-1"], ["--customers", "0"], ["--customers", "200001"], ["--topic", ""],
            ["--start", "yesterday"], ["--first-customer", "-1"],
        ])
        func refusesWhatMakesNoStream(_ options: [String]) async throws {
            let outcome = try await Self.run(options.map { $0.hasPrefix("-1") ? "=" + $0 : $0 }.joinedOptions, at: "127.0.0.1:1")
            #expect(outcome.exitCode == 64, "\(outcome.err)")
        }

        @Test func withoutBrokersNamedItSaysWhatToSet() async throws {
            let outcome = try await Emporium.run(["generate", "customers", "--count", "1"], [:], in: "/tmp")
            #expect(outcome.exitCode == 69 && outcome.err.contains("KAFKA_BOOTSTRAP_SERVERS"), "\(outcome.err)")
        }
    }
}

extension [String] {
    /// `--name =-1` as `--name=-1`, which a negative value needs.
    fileprivate var joinedOptions: [String] {
        count == 2 && self[1].hasPrefix("=") ? [self[0] + self[1]] : self
    }
}
