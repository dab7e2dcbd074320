import Foundation
import Glibc
import Kafka
import Testing

/// A collector with topics of its own, and a look at what became of all that it took.
struct MutatedDoor: Sendable {
    let collecting: Collecting

    private static let partitions: (events: Int32, letters: Int32) = (8, 8)

    static func with(_ body: (MutatedDoor) async throws -> Void) async throws {
        let cluster = try MockCluster(logger: Collecting.quiet)
        try cluster.createTopic(Collecting.topic, partitions: partitions.events)
        try cluster.createTopic(Collecting.deadLetters, partitions: partitions.letters)
        try await Bench.with { bench in
            try await Collecting.registerSchemas(bench)
            let key = try await Collecting.addKey(bench)
            let collecting = try await Collecting.start(bench, brokers: cluster.bootstrapServers, key: key)
            var failure: (any Error)?
            do { try await body(MutatedDoor(collecting: collecting)) } catch { failure = error }
            collecting.child.signal(SIGKILL)
            _ = try await collecting.child.outcome()
            if let failure { throw failure }
        }
        withExtendedLifetime(cluster) {}
    }

    /// The most memory that the collector held, in KiB.
    var memory: Int {
        let status = (try? String(contentsOfFile: "/proc/\(collecting.child.pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    // MARK: Sending

    /// Packages by gzip(1), hard to tell from noise.
    func packed(seed: UInt64) async throws -> [[UInt8]] {
        var events = SentEvents(seed: seed ^ 0x671F)
        var files: [String] = []
        for index in 0..<12 {
            let list = SentJSON.list((0...index).map { _ in events.good() })
            files.append("\(collecting.bench.folder)/packed-\(index)")
            let body = index == 0 ? Array(("[\"" + String(repeating: "x", count: 250_000) + "\"]").utf8) : list.bytes
            try Data(body).write(to: URL(fileURLWithPath: files[index]))
        }
        try await system(["/bin/gzip", "-9"] + files)
        return try files.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0 + ".gz"))) }
    }

    /// Sends packages one after another, on a thread of its own.
    func post(_ count: Int, seed: UInt64, worker: Int, packed: [[UInt8]]) async -> MutationTally {
        let (port, key) = (collecting.port, collecting.key)
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var packages = MutatedPackages(seed: seed, worker: worker, key: key, packed: packed)
                let connection = CollectConnection(port: port)
                var tally = MutationTally()
                var named: [String: CollectConnection.Reply] = [:]
                for _ in 0..<count {
                    let request = packages.next()
                    do throws(CollectConnection.Trouble) {
                        try connection.send(request.bytes)
                        if request.isAbandoned {
                            connection.hangUp()
                            tally.sent += 1
                            continue
                        }
                        let reply = try connection.reply()
                        tally.read(reply, request)
                        if let key = request.idempotencyKey { named[key] = reply }
                        if let again = request.again, let first = named[again.key] {
                            let isRight = again.isSame ? (reply.status, reply.body) == (first.status, first.body)
                                : first.status != 200 || reply.status == 422
                            if !isRight { tally.wrong.append("again \(again): \(first.status), then \(reply.status)") }
                        }
                    } catch {
                        tally.wrong.append("\(error): \(String(decoding: request.bytes.prefix(300), as: UTF8.self))")
                        connection.hangUp()
                    }
                }
                tally.connections = connection.made
                continuation.resume(returning: tally)
            }
        }
    }

    /// The lines of cases.tsv.
    static func cases() throws -> [(name: String, outcome: String, body: [UInt8])] {
        let text = try String(contentsOfFile: "\(TestStack.root)/Tests/fixtures/json/cases.tsv", encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
            var (body, rest) = ([UInt8](), Array(parts[2].utf8)[...])
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "%") else {
                    body.append(byte)
                    continue
                }
                body.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            }
            return (String(parts[0]), String(parts[1]), body)
        }
    }

    // MARK: What became of it

    struct Proof {
        var stored = 0
        var rejected = 0
        var refused = 0
        var duplicates = 0
        var verdicts = ""
        var wrong: [String] = []
    }

    private struct Place {
        var rows = 0
        var rejects: [[String]] = []
        var letters: [[String]] = []
        var repeats = 0
    }

    /// Loads both topics, and looks for each event that was answered, and for any other.
    func proof(_ tally: MutationTally) async throws -> Proof {
        let bench = collecting.bench
        var proof = Proof()
        #expect(try await collecting.count(Collecting.topic, partitions: Self.partitions.events) == tally.accepted, "messages")
        #expect(try await collecting.count(Collecting.deadLetters, partitions: Self.partitions.letters) == tally.rejected, "dead letters")
        try await load()
        var places: [String: Place] = [:]
        for row in try await bench.sql("select correlation_id from public.events") { places[row[0] ?? "", default: Place()].rows += 1 }
        let rejects = try await bench.sql(
            """
            select convert_from(r.message_key, 'UTF8'), b.feed, r.disposition, array_to_string(r.codes, ','), r.reasons[1]
            from staging.reject r join ops.batch b using (batch_id)
            """)
        for row in rejects {
            let row = row.map { $0 ?? "" }
            if row[2] == "duplicate" {
                places[row[0], default: Place()].repeats += 1
            } else if row[1] == "events.raw" {
                places[row[0], default: Place()].rejects.append(row)
            } else {
                places[row[0], default: Place()].letters.append(row)
            }
        }
        for (id, refused) in tally.events {
            let place = places[id] ?? Place()
            switch (refused, place.rows, place.rejects.count, place.letters.count) {
            case (nil, 1, 0, 0): proof.stored += 1
            case (nil, 0, 1, 0): proof.rejected += 1
            case (nil, 0, 0, 0) where place.repeats > 0: proof.duplicates += 1
            case (let refused?, 0, 0, 1):
                proof.refused += 1
                // Foundation, which read the answer, leaves byte order marks out of texts.
                let reason = place.letters[0][4].unicodeScalars.filter { $0 != "\u{FEFF}" }
                if place.letters[0][3] != refused.code || !reason.elementsEqual(refused.error.unicodeScalars.filter { $0 != "\u{FEFF}" }) {
                    proof.wrong.append("\(id): \(refused), in the database \(place.letters[0])")
                }
            default: proof.wrong.append("\(id): \(refused.map { "\($0)" } ?? "accepted"), and then \(place)")
            }
        }
        for id in places.keys where tally.events[id] == nil { proof.wrong.append("\(id): nobody was told of it") }
        let unknown = try await bench.sql(
            """
            select distinct b.feed, c from staging.reject r join ops.batch b using (batch_id) cross join unnest(r.codes) c
            where not exists (select from ops.rule u where u.feed in (b.feed, '*') and u.code = c)
            """)
        if !unknown.isEmpty { proof.wrong.append("codes without a rule: \(unknown)") }
        for feed in ["events.raw", "events.dead_letter"] {
            let apart = try await bench.sql("select * from ops.reconcile('\(feed)')")
            if !apart.isEmpty { proof.wrong.append("ops.reconcile \(feed): \(apart)") }
        }
        let verdicts = try await bench.sql("select c, count(*) from staging.reject r cross join unnest(r.codes) c group by 1 order by c collate \"C\"")
        proof.verdicts = verdicts.map { "\($0[0] ?? "") \($0[1] ?? "")" }.joined(separator: ", ")
        return proof
    }

    func load() async throws {
        let environment = collecting.bench.environment.merging(["KAFKA_BOOTSTRAP_SERVERS": collecting.brokers]) { $1 }
        for topic in [Collecting.topic, Collecting.deadLetters] {
            let outcome = try await Emporium.run(
                ["load", "kafka", "--topic", topic, "--once", "--json"], environment, in: collecting.bench.folder)
            #expect(outcome.exitCode == 0, "\(outcome.out)\(outcome.err)")
        }
    }
}
