import Foundation
import Glibc
import Postgres
import Testing

extension EndToEnd {
    /// `emporium load kafka` under everything at once; EMPORIUM_STORM_FAULTS says how often (160, 2,000 before a release).
    @Suite(.serialized) struct KafkaStormTests {
        private static let faults = ProcessInfo.processInfo.environment["EMPORIUM_STORM_FAULTS"].flatMap { Int($0) } ?? 160
        private static let messages = max(100_000, faults * 100)

        @Test(.timeLimit(.minutes(max(8, faults / 10)))) func nothingIsLostNothingIsDoubled() async throws {
            let seed = testSeed
            var generator = SeededGenerator(seed: seed)
            let plan = Storm.plan(Self.faults, &generator)
            let stack = try await TestStack.make(durable: true)
            // The embedded brokers keep 5 MB a partition; messages take about 400 bytes there.
            let partitions = Int32(max(16, Self.messages / 6000))
            try await Storm.with(stack, partitions: partitions, batchRows: 300, seed: seed) { storm in
                let began = ContinuousClock.now
                try await storm.topic.produce(upTo: Self.messages / 50)
                try await storm.fleet.tend()
                try await storm.follow(behind: Self.messages, within: .seconds(30))
                for (number, fault) in plan.enumerated() {
                    try await storm.topic.produce(upTo: Self.messages * (number + 1) / plan.count)
                    try await storm.strike(fault)
                    try await storm.fleet.tend()
                    try await storm.follow(behind: 4000, within: .seconds(1))
                }
                try await storm.topic.flush()
                let calm = ContinuousClock.now
                try await storm.fleet.settle()
                let (load, relay) = try await storm.fleet.drain()
                #expect(load.exitCode == 0, "\(load.out)\(load.err)")
                #expect(relay.exitCode == 0, "\(relay.out)\(relay.err)")

                let proof = try await StormProof(storm.topic, storm.bench)
                let kinds = Storm.Fault.allCases.map { "\($0) \(storm.struck[$0] ?? 0)" }.joined(separator: ", ")
                print(
                    """
                    kafka storm: \(storm.faults) faults (\(kinds)), \(storm.inside) inside transactions, \(storm.fleet.started) \
                    loaders; \(proof.messages) messages: \(proof.stored) stored, \(proof.rejected) rejected, \
                    \(proof.duplicates) duplicates, lost \(proof.lost.count), doubled \(proof.doubled.count); \
                    \((calm - began).components.seconds) s, \((ContinuousClock.now - calm).components.seconds) s to the end; \
                    missed \(storm.missed); seed \(seed)
                    """)
                #expect(proof.isExact, "\(proof.faults)seed \(seed)")
                #expect(proof.messages >= Self.messages && proof.rejected > 0 && proof.duplicates > 0)
                #expect(storm.fleet.complaints == [], "loaders that gave up; seed \(seed)")
                #expect(storm.faults * 100 >= Self.faults * 94, "too few faults found somebody: \(storm.missed); seed \(seed)")
                #expect(storm.inside * 3 >= storm.faults, "too few inside a transaction; seed \(seed)")
                try await Self.expectBooks(storm, proof)
            }
        }

        /// The platform's own books say the same.
        private static func expectBooks(_ storm: Storm, _ proof: StormProof) async throws {
            let bench = storm.bench
            #expect(try await bench.sql("select * from ops.reconcile('shop.customer')") == [], "ops.reconcile")
            #expect(
                try await bench.sql("select sum(received), sum(stored), sum(rejected), sum(duplicate), count(*) filter (where state <> 'promoted') from ops.batch")
                    == [["\(proof.messages)", "\(proof.stored)", "\(proof.rejected)", "\(proof.duplicates)", "0"]])
            var positions: [Int32: Int64] = [:]
            for row in try await bench.sql("select partition, next_offset from ops.kafka_position") {
                positions[Int32(row[0] ?? "") ?? -1] = row[1].flatMap { Int64($0) }
            }
            #expect(try await positions == storm.topic.highWatermarks())
            #expect(try await bench.count("select count(*) from ops.kafka_gap") == 0)

            // Dead letters name where they come from; a letter may come twice.
            let letters = try await storm.topic.read(DeadLetters.topic, partitions: 4).values.compactMap(\.origin)
            let origins = try await bench.sql(
                """
                select k.cluster_id || '/customers:' || k.partition || ':' || r.position
                from staging.reject r join ops.kafka_batch k using (batch_id) where r.disposition = 'rejected'
                """
            ).compactMap { $0[0] }
            #expect(origins.count == proof.rejected && Set(letters) == Set(origins) && letters.count >= origins.count)
        }
    }
}
