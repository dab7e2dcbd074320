import Foundation
import Glibc
import Kafka
import Postgres
import Testing

extension EndToEnd { @Suite(.timeLimit(.minutes(3))) struct Relaying {} }

extension EndToEnd.Relaying {
    /// Relays that stand between the last acknowledgement and booking.
    private func held(_ bench: Bench) async throws -> Int {
        try await bench.count("select count(*) from pg_locks where locktype = 'advisory' and objid = 42 and not granted and database = (select oid from pg_database where datname = current_database())")
    }

    private func counts(_ letters: [DeadLetters.Letter]) -> [String: Int] {
        letters.reduce(into: [:]) { $0[$1.origin, default: 0] += 1 }
    }

    @Test func everyRejectArrivesOnceByteForByteWithItsHeaders() async throws {
        try await DeadLetters.with { dead, cluster in
            let bench = dead.bench
            let every = (0...255).map { UInt8($0) }
            let batch = try await dead.post(5)
            // Offsets 1 to 5: all bytes, a tombstone, an empty value, one that came back, a duplicate.
            let base = try await bench.count("select min(position) - 1 from staging.reject")
            for change in [
                "payload = '\\x\(every.map { String(format: "%02x", $0) }.joined())', message_key = '\\x00ff00'",
                "payload = '', defect = 'tombstone'", "payload = '', message_key = null", "origin = 'c0/customers:0:1'",
                "disposition = 'duplicate'",
            ].enumerated() {
                _ = try await bench.sql("update staging.reject set \(change.element) where position = \(base + change.offset + 1)")
            }
            try await dead.post(200)
            let outcome = try await dead.run(cluster, ["--once", "--json", "--verbose"])
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            let json = try outcome.json()
            #expect(json["batches"] as? Int == 2 && json["messages"] as? Int == 203 && json["failures"] as? Int == 0, "\(outcome.out)")
            #expect(!outcome.err.contains("hunter2") && !outcome.err.contains("swordfish"), "logs name no values")

            let letters = try await dead.read(cluster)
            try #require(counts(letters).count == 203 && letters.count == 203)
            let first = Array(letters.prefix(3))
            #expect(first.map(\.key) == [[0, 255, 0], Array("swordfish 2".utf8), nil])
            #expect(first.map(\.value) == [every, nil, []])
            let received = try await bench.value(
                "select to_char(received_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') from ops.batch where batch_id = \(batch)")
            #expect(
                first[0].headers == [
                    ("error", "A bad thing."), ("rule", "bad_thing"), ("source.topic", "customers"), ("source.partition", "2"),
                    ("source.offset", "\(base + 1)"), ("origin", "c1/customers:2:\(base + 1)"), ("batch", "\(batch)"),
                    ("feed", "shop.customer"), ("received_at", received ?? ""),
                ].map { Header($0.0, Array($0.1.utf8)) })
            #expect(try await bench.sql("select state, messages, delivered from ops.outbox order by batch_id") == [["delivered", "5", "3"], ["delivered", "200", "200"]])

            // Nothing is due any more; a replay that rejects again posts nothing.
            #expect(try await dead.run(cluster, ["--once"]).out == "delivered 0 batches, 0 messages; 0 attempts failed\n")
            #expect(try await dead.read(cluster).count == 203)
        }
    }

    /// kill -9, half of them aimed between the last acknowledgement and booking.
    @Test func aKilledRelayLosesNothingAndRepeatsUnderTheSameOrigin() async throws {
        let seed = testSeed
        try await DeadLetters.with { dead, cluster in
            var generator = SeededGenerator(seed: seed)
            var twice: Set<String> = []
            for round in 0..<6 {
                let before = try await dead.origins()
                try await dead.post(Int.random(in: 100...1500, using: &generator))
                if round % 2 == 0 {
                    let hold = try await Hold(dead.bench)
                    let relay = try dead.start(cluster)
                    try await eventually("a relay between acknowledgement and booking; seed \(seed)") { try await held(dead.bench) == 1 }
                    relay.signal(SIGKILL)
                    #expect(try await relay.outcome().signal == SIGKILL)
                    await hold.release()
                    twice.formUnion(try await dead.origins().subtracting(before))
                } else {
                    let relay = try dead.start(cluster)
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...150, using: &generator)))
                    relay.signal(SIGKILL)
                    _ = try await relay.outcome()
                }
                // The next one finds it claimable as soon as the server has seen the session's end.
                try await eventually("the row is delivered; seed \(seed)") {
                    guard try await dead.run(cluster, ["--once"]).exitCode == 0 else { return false }
                    return try await dead.waiting() == 0
                }
            }
            let letters = try await dead.read(cluster)
            let counts = counts(letters)
            let origins = try await dead.origins()
            #expect(Set(counts.keys) == origins, "nothing is lost, nothing came from nowhere; seed \(seed)")
            #expect(twice.count > 100 && twice.allSatisfy { counts[$0] == 2 }, "the fault did hit; seed \(seed)")
            for (origin, same) in Dictionary(grouping: letters, by: \.origin) {
                #expect(same.allSatisfy { $0 == same[0] }, "\(origin)")
            }
        }
    }

    @Test func whileBrokersAreAwayTheOutboxWaitsAndSaysSo() async throws {
        try await DeadLetters.with { dead, cluster in
            let bench = dead.bench
            try cluster.setDown()
            for _ in 0..<3 { try await dead.post(10) }
            let once = try await dead.run(cluster, ["--once", "--patience", "2s"])
            #expect(once.exitCode == 69 && once.err.contains("customers.dead.letter") && once.err.contains("the outbox keeps it"), "\(once.err)")
            #expect(once.err.split(separator: "\n").count == 1, "one line an attempt, one attempt a destination: \(once.err)")

            let relay = try dead.start(cluster, ["--patience", "2s", "--json"])
            try await eventually("attempts that fail") { try await bench.count("select sum(attempts) from ops.outbox") >= 4 }
            try await dead.post(10)  // loads go on
            let status = try await bench.run("status")
            #expect(status.out.contains("customers.dead.letter") && status.out.contains("no acknowledgement within"), "\(status.out)")
            #expect(try await dead.waiting() == 4)
            try cluster.setUp()
            try await eventually("delivery") { try await dead.waiting() == 0 }
            relay.signal(SIGTERM)
            let outcome = try await relay.outcome()
            let failures = try #require(try outcome.json()["failures"] as? Int)
            #expect(outcome.exitCode == 0 && failures >= 3)
            let warnings = outcome.err.split(separator: "\n").filter { $0.contains(" warning ") || $0.contains(" error ") }
            #expect(warnings.count == failures && warnings.allSatisfy { $0.contains("next try in") }, "\(outcome.err)")
            let letters = try await dead.read(cluster)
            let origins = try await dead.origins()
            #expect(Set(letters.map(\.origin)) == origins)
        }
    }

    @Test func twoRelaysShareWithoutDoubling() async throws {
        try await DeadLetters.with { dead, cluster in
            for _ in 0..<9 { try await dead.post(20) }
            let limited = try await dead.run(cluster, ["--limit", "1"])
            #expect(limited.exitCode == 0 && limited.out == "delivered 1 batches, 20 messages; 0 attempts failed\n", "\(limited.err)")
            let hold = try await Hold(dead.bench)
            let relays = try (0..<2).map { _ in try dead.start(cluster, ["--once", "--json"]) }
            try await eventually("both hold a batch") { try await held(dead.bench) == 2 }
            await hold.release()
            var batches: [Int] = []
            for relay in relays { batches.append(try #require(try await relay.outcome().json()["batches"] as? Int)) }
            #expect(batches.reduce(0, +) == 8 && batches.allSatisfy { $0 >= 1 }, "\(batches)")
            let letters = try await dead.read(cluster)
            let origins = try await dead.origins()
            #expect(letters.count == 180 && Set(letters.map(\.origin)) == origins)
        }
    }

    @Test func anOutageOfPostgreSQLIsWaitedFor() async throws {
        let stack = try await TestStack.make(durable: true)
        try await DeadLetters.with(stack) { dead, cluster in
            try await dead.post(100)
            let hold = try await Hold(dead.bench)
            let relay = try dead.start(cluster)
            try await eventually("a relay between acknowledgement and booking") { try await held(dead.bench) == 1 }
            try await stack.stopImmediately()
            await hold.release()
            try await eventually("it says when it tries next") { relay.err.contains("next try in") }
            try await stack.up()
            try await eventually("delivery by the same process") { try await dead.waiting() == 0 }
            try await dead.post(3)
            try await eventually("and of what comes later") { try await dead.waiting() == 0 }
            #expect(relay.isRunning)
            relay.signal(SIGTERM)
            #expect(try await relay.outcome().exitCode == 0)
            let letters = try await dead.read(cluster)
            let origins = try await dead.origins()
            #expect(Set(letters.map(\.origin)) == origins)
            #expect(letters.count == 203, "those of the booking that was lost, twice")
        }
    }

    @Test func whatIsTooLargeGoesWithoutItsValueAndBlocksNothing() async throws {
        try await DeadLetters.with { dead, cluster in
            try await dead.post(1)
            let large = try await dead.post(1, bytes: 30_000)
            try await dead.post(1)
            let outcome = try await dead.run(cluster, ["--once"], ["KAFKA_MESSAGE_MAX_BYTES": "20000"])
            #expect(outcome.exitCode == 0 && outcome.out == "delivered 3 batches, 3 messages; 0 attempts failed\n", "\(outcome.err)")
            let letters = try await dead.read(cluster)
            #expect(letters.map { $0.value?.count } == [40, 0, 40])
            #expect(letters.map { $0.header("value.omitted") } == [nil, "too large", nil])
            #expect(letters[1].header("value.bytes") == "30000" && letters[1].header("batch") == "\(large)")
            #expect(letters[1].key == Array("swordfish 1".utf8))
            #expect(try await dead.bench.count("select length(payload) from staging.reject where batch_id = \(large)") == 30_000)
        }
    }

    @Test func twentyThousandInBoundedMemory() async throws {
        try await DeadLetters.with(partitions: 16) { dead, cluster in
            try await dead.post(20_000, bytes: 1000)
            let outcome = try await dead.run(cluster, ["--once"])
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            print("relay of 20,000 rejects of 1,000 bytes: VmHWM \(outcome.peak) KiB")
            #expect(outcome.peak < 96 << 10)
            let letters = try await dead.read(cluster, partitions: 16)
            let origins = try await dead.origins()
            #expect(letters.count == 20_000 && Set(letters.map(\.origin)) == origins)
        }
    }

    @Test func withoutBrokersItIsTold() async throws {
        let outcome = try await Emporium.run(["relay", "--once"], [:], in: "/tmp")
        #expect(outcome.exitCode == 69 && outcome.err.contains("KAFKA_BOOTSTRAP_SERVERS"), "\(outcome.err)")
    }
}
