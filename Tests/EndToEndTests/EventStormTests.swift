import Foundation
import Glibc
import Postgres
import Testing

extension EndToEnd {
    /// From POST to the row, while everything that takes part is killed; EMPORIUM_EVENT_STORM_FAULTS says how often (16 with
    /// every change, 100 before a release).
    @Suite(.serialized) struct EventStormTests {
        private static let faults = ProcessInfo.processInfo.environment["EMPORIUM_EVENT_STORM_FAULTS"].flatMap { Int($0) } ?? 16
        private static let perFault = 700

        @Test(.timeLimit(.minutes(max(8, faults / 4)))) func whatWasAcknowledgedIsFoundOnce() async throws {
            let seed = testSeed
            var generator = SeededGenerator(seed: seed)
            let plan = EventStorm.plan(Self.faults, &generator)
            let stack = try await TestStack.make(durable: true)
            try await EventStorm.with(stack, seed: seed) { storm in
                let began = ContinuousClock.now
                try await storm.tend()
                // The rate is what lasts as long as the faults do: two seconds and a half each.
                let poster = try storm.post(Self.faults * Self.perFault, seed: seed & 0xffff_ffff, rate: Self.perFault * 2 / 5)
                try await eventually("the first receipts", within: .seconds(60)) {
                    (try? Data(contentsOf: URL(fileURLWithPath: storm.receipts)).count) ?? 0 > 0
                }
                for fault in plan {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 200...2600, using: &generator)))
                    try await storm.strike(fault)
                    try await storm.tend()
                }
                let calm = ContinuousClock.now
                try await storm.tend(until: poster, within: .seconds(240))
                let posted = try await poster.outcome()
                #expect(posted.exitCode == 0, "\(posted.out)\(posted.err)")
                try await storm.settle()

                let proof = try await EventProof(receipts: storm.receipts, storm.bench)
                let kinds = EventStorm.Fault.allCases.map { "\($0) \(storm.struck[$0] ?? 0)" }.joined(separator: ", ")
                print(
                    """
                    event storm: \(plan.count) faults (\(kinds)); \(proof.packages) packages with \(proof.acknowledged) events \
                    acknowledged: \(proof.stored) stored, \(proof.refused) refused at the door, \(proof.rejected) rejected, \
                    \(proof.duplicates) duplicates of stored ones, lost \(proof.lost.count), doubled \(proof.doubled.count), \
                    \(proof.unacknowledged) beyond the acknowledged; \
                    \((calm - began).components.seconds) s, \((ContinuousClock.now - calm).components.seconds) s to the end; seed \(seed)
                    """)
                #expect(proof.isExact, "\(proof.faults)seed \(seed)")
                #expect(proof.acknowledged == Self.faults * Self.perFault, "seed \(seed)")
                #expect(proof.refused > 0 && proof.rejected > 0 && proof.duplicates > 0)
                #expect(storm.complaints == [], "who gave up; seed \(seed)")
                try await Self.expectBooks(storm)
            }
        }

        /// The platform's own books say the same.
        private static func expectBooks(_ storm: EventStorm) async throws {
            for feed in ["events.raw", "events.dead_letter"] {
                #expect(try await storm.bench.sql("select * from ops.reconcile('\(feed)')") == [], "ops.reconcile \(feed)")
            }
            #expect(try await storm.bench.count("select count(*) from ops.batch where state <> 'promoted'") == 0)
            #expect(try await storm.bench.count("select count(*) from ops.kafka_gap") == 0)
            #expect(
                try await storm.bench.sql("select difference, count(*) from ops.accounting where feed like 'events.%' group by 1").map { $0[0] }
                    == ["0"])
            #expect(
                try await storm.bench.count("select count(*) from (select message_id_stamp from public.events group by 1 having count(*) > 1) d") == 0)
        }
    }
}

/// What became of every event that a sender was told is safe, by its correlation id.
struct EventProof: ExactProof {
    var packages = 0
    var acknowledged = 0
    var stored = 0
    var refused = 0
    var rejected = 0
    /// The same message was stored under another correlation id: the sender sent it twice.
    var duplicates = 0
    /// In the database though nobody was told so: the answer was lost, and then the package was sent again, or not.
    var unacknowledged = 0
    var lost: [String] = []
    var doubled: [String] = []
    var wrong: [String] = []

    private struct Receipt: Decodable {
        var correlationIds: [String]
        /// `accepted`, or the code of the reject.
        var verdicts: [String]
    }

    /// - Parameter receipts: a JSON line for each package that was answered with 200.
    init(receipts: String, _ bench: Bench) async throws {
        var accepted: [String: Bool] = [:]
        for line in try String(contentsOfFile: receipts, encoding: .utf8).split(separator: "\n") {
            let receipt = try JSONDecoder().decode(Receipt.self, from: Data(line.utf8))
            packages += 1
            for (id, verdict) in zip(receipt.correlationIds, receipt.verdicts)
            where accepted.updateValue(verdict == "accepted", forKey: id) != nil { doubled.append("receipt \(id)") }
        }
        acknowledged = accepted.count

        var rows: [String: Int] = [:]
        for row in try await bench.sql("select correlation_id from public.events") { rows[row[0] ?? "", default: 0] += 1 }
        var rejects: [String: Int] = [:]
        var refusals: [String: Int] = [:]
        var repeats: [String: Int] = [:]
        for row in try await bench.sql(
            """
            select convert_from(r.message_key, 'UTF8'), b.feed, r.disposition
            from staging.reject r join ops.batch b using (batch_id)
            where b.feed in ('events.raw', 'events.dead_letter') and r.origin is distinct from 'promote'
            """)
        {
            let id = row[0] ?? ""
            if row[2] == "duplicate" {
                repeats[id, default: 0] += 1
            } else if row[1] == "events.raw" {
                rejects[id, default: 0] += 1
            } else {
                refusals[id, default: 0] += 1
            }
        }
        for (id, isAccepted) in accepted {
            let places = (rows[id] ?? 0, rejects[id] ?? 0, refusals[id] ?? 0)
            switch places {
            case (1, 0, 0): stored += 1
            case (0, 1, 0): rejected += 1
            case (0, 0, 1): refused += 1
            case (0, 0, 0):
                if repeats[id] ?? 0 > 0 { duplicates += 1 } else { lost.append(id) }
            default: doubled.append("\(id) \(places)")
            }
            if isAccepted != (refusals[id] == nil) { wrong.append("\(id): the answer said \(isAccepted ? "accepted" : "rejected")") }
        }
        let seen = Set(rows.keys).union(rejects.keys).union(refusals.keys).union(repeats.keys)
        unacknowledged = seen.subtracting(accepted.keys).count
        for (id, count) in rows where count > 1 { doubled.append("row \(id)") }
    }
}
