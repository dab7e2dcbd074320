import Foundation
import Glibc
import Kafka
import Testing

extension EndToEnd {
    /// `load kafka` as a user runs it, from brokers in this process.
    @Suite(.timeLimit(.minutes(3))) struct LoadKafka {}
}

extension EndToEnd.LoadKafka {
    @Test func theBooksSayWhatTheGeneratorSays() async throws {
        try await Loading.with { loading, _ in
            let said = try await loading.generate(4000, "--bad", "10%", "--customers", "500", "--seed", "7")
            let (valid, duplicates) = (try #require(said["valid"] as? Int), try #require(said["duplicates"] as? Int))
            let faults = try #require(said["faults"] as? [String: Int])
            let bad = faults.values.reduce(0, +)
            try #require(bad > 300 && duplicates > 0 && faults.values.allSatisfy { $0 > 10 }, "\(said)")
            #expect(try await loading.once() == .init(read: 4000, stored: valid, rejected: bad, duplicate: duplicates))
            try await loading.expectBalance()
            #expect(try await loading.bench.count("select count(*) from shop.customers") == 500)

            // Each fault under its rule, nothing else under it.
            var codes = try await loading.codes()
            func take(_ names: String...) -> Int { names.reduce(0) { $0 + (codes.removeValue(forKey: $1) ?? 0) } }
            for (fault, names) in Self.rules {
                let count = names.reduce(0) { $0 + (codes.removeValue(forKey: $1) ?? 0) }
                #expect(count == faults[fault], "\(fault)")
            }
            // What is cut short may end within a character.
            #expect((codes["invalid_json"] ?? 0) >= faults["trailingComma"]! && (codes["invalid_utf8"] ?? 0) >= faults["invalidUTF8"]!)
            #expect(take("invalid_json", "invalid_utf8") == faults["cutShort"]! + faults["trailingComma"]! + faults["invalidUTF8"]!)
            #expect(take("duplicate_event") == duplicates)
            #expect(codes == [:])

            #expect(try await loading.once() == .init(read: 0, stored: 0), "everything is there already")
            try await loading.send(Loading.customers(900_001...900_007))
            #expect(try await loading.once() == .init(read: 7, stored: 7), "only what is new")
            try await loading.expectBalance()
        }
    }

    /// Codes of the generator's faults.
    private static let rules: [(String, [String])] = [
        ("missingField", ["customer_id_missing", "last_name_missing", "registration_date_missing", "event_time_missing"]),
        ("impossibleAge", ["age_impossible"]), ("badEmail", ["email_malformed"]),
        ("futureDate", ["event_time_in_future", "last_login_date_in_future", "registration_date_in_future"]),
        ("loginBeforeRegistration", ["last_login_date_before_registration"]), ("unknownCountry", ["country_unknown"]),
        ("wrongKey", ["key_mismatch"]), ("nulEscape", ["nul_byte"]), ("duplicateKey", ["duplicate_key"]),
        ("tombstone", ["tombstone"]), ("emptyPayload", ["empty_payload"]),
    ]

    @Test func itFollowsTheTopicUntilItIsStopped() async throws {
        try await Loading.with { loading, _ in
            let loader = try loading.start(["--json", "--verbose", "--log-format", "json"])
            for round in 0..<3 {
                try await loading.send(Loading.customers((round * 10 + 1)...(round * 10 + 10)))
                try await eventually("the messages of round \(round)") { try await loading.stored() == round * 10 + 10 }
                #expect(loader.isRunning)
            }
            // In hand when the signal comes, or not yet read: either way nothing is pending in the end.
            try await loading.send(Loading.customers(31...3000))
            loader.signal(SIGTERM)
            let outcome = try await loader.outcome()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            let told = try Loading.Told(outcome)
            #expect(told.read >= 30 && told.stored == told.read, "\(outcome.out)")
            try await loading.expectBalance()
            let left = try await loading.once()
            #expect(left.read == 3000 - told.read)
            try await loading.expectExactly(1..<3001)

            // One JSON object a line, and which batch it is about.
            let lines = outcome.err.split(separator: "\n")
            let objects = lines.compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
            #expect(objects.count == lines.count && lines.count > 3, "\(outcome.err)")
            let landed = objects.filter { ($0["message"] as? String)?.hasPrefix("landed") == true && $0["batch"] != nil }
            let batches = Set(try await loading.bench.sql("select batch_id from ops.batch where run_id = (select min(run_id) from ops.run)").map { $0[0] })
            #expect(Set(landed.map { $0["batch"] as? String }) == batches && batches.count >= 3)
            #expect(landed.allSatisfy { $0["source"] is String && $0["from"] is String && $0["to"] is String })
            #expect(!outcome.err.contains("ada1@") && !outcome.err.contains("Byron"), "logs name no values")
        }
    }

    @Test func limitsEndItInTime() async throws {
        try await Loading.with(partitions: 1) { loading, _ in
            try await loading.send(Loading.customers(1...50, partitions: 1))
            // Without --once: it ends by the limit alone.
            var outcome = try await loading.run(["--limit", "20", "--json"])
            #expect(try outcome.exitCode == 0 && Loading.Told(outcome) == .init(read: 20, stored: 20), "\(outcome.out)\(outcome.err)")
            #expect(try await loading.positions() == [20])
            outcome = try await loading.run(["--limit", "20", "--batch-rows", "7", "--once"])
            #expect(outcome.out == "read 20 = stored 20 + rejected 0 + duplicate 0\n", "\(outcome.err)")
            #expect(try await loading.positions() == [40])
            #expect(try await loading.once(["--limit", "20"]) == .init(read: 10, stored: 10))

            let bad = (0..<4).map { Loading.Sent(key: nil, value: Array("[\($0)".utf8)) }
            try await loading.send(bad)
            outcome = try await loading.run(["--once", "--max-rejects", "3"])
            #expect(outcome.exitCode == 65 && outcome.err.contains("4 messages were rejected, more than 3"), "\(outcome.err)")
            try await loading.send(bad)
            #expect(try await loading.run(["--once", "--max-rejects", "4"]).exitCode == 0)
            #expect(try await loading.codes() == ["invalid_json": 8])
            try await loading.expectBalance()
        }
    }

    @Test func topicsThatAreNotThere() async throws {
        try await Loading.with { loading, _ in
            var outcome = try await loading.run(["--topic", "nonsense"])
            #expect(outcome.exitCode == 78 && outcome.err.contains("no feed is read from topic nonsense"), "\(outcome.err)")
            #expect(outcome.err.contains("hint: topics: customers"))
            var elsewhere = loading
            let bare = try MockCluster(logger: Loading.quiet)
            elsewhere.brokers = bare.bootstrapServers
            outcome = try await elsewhere.run()
            #expect(outcome.exitCode == 1 && outcome.err.contains("topic customers does not exist"), "\(outcome.err)")
            #expect(outcome.err.contains("emporium topics apply"))
            #expect(try await loading.bench.value("select state from ops.run") == "failed")
        }
    }

    @Test(arguments: [
        ["--limit", "0"], ["--batch-rows", "0"], ["--batch-rows", "1000001"], ["--linger", "0"], ["--linger", "60001"],
        ["--prefetch", "0"], ["--prefetch", "2048"], ["--workers", "65"],
    ])
    func refusesWhatMakesNoLoad(_ options: [String]) async throws {
        let outcome = try await Emporium.run(["load", "kafka"] + options, ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"], in: "/tmp")
        #expect(outcome.exitCode == 64, "\(outcome.err)")
    }
}
