import Foundation
import Glibc
import Postgres
import Testing

extension EndToEnd.KafkaStormTests {
    /// What storms have found, each by itself.
    @Test(.timeLimit(.minutes(2))) func partitionsTakenBeforeTheyWereBegunAreNoError() async throws {
        try await Storm.with(nil, partitions: 16, batchRows: 100, seed: testSeed) { storm in
            try await storm.topic.produce(upTo: 2000)
            try await storm.topic.flush()
            try storm.topic.slow()  // to begin 16 partitions takes seconds
            try storm.fleet.join()
            let bench = storm.bench
            let begun = "select count(*) from ops.kafka_position where next_offset is not null"
            try await eventually("a loader begins to read") { try await bench.count(begun) > 0 }
            try storm.fleet.join()
            // Its session gone, it is dead to the other one.
            try await eventually("the other one has partitions") {
                _ = try await bench.sql(
                    """
                    select pg_terminate_backend(backend_pid) from ops.kafka_member
                    where name like '% process \(storm.fleet.members(.running)[0].child.pid)'
                    """)
                return try await bench.count(
                    """
                    select count(*) from ops.kafka_position p join ops.kafka_member m on m.member = p.owner
                    where m.name like '% process \(storm.fleet.members(.running).last!.child.pid)'
                    """) > 0
            }
            try storm.topic.mend()
            try await storm.follow(behind: 0, within: .seconds(30))
            #expect(storm.fleet.complaints == [] && storm.fleet.started == 2)
            try await storm.fleet.settle()
            #expect(storm.fleet.complaints == [])
        }
    }

    /// A loader that has nothing to land does not see that its session is gone; the others do, and take it for dead.
    @Test(.timeLimit(.minutes(2))) func anIdleLoaderWhoseSessionWasEndedGetsPartitionsAgain() async throws {
        try await Storm.with(nil, partitions: 4, batchRows: 100, seed: testSeed) { storm in
            try await storm.fleet.tend()
            let bench = storm.bench
            let owners = "select count(distinct owner) from ops.kafka_position"
            try await eventually("both have partitions") { try await bench.count(owners) == 2 }
            let ended = try await bench.sql(
                "select backend_pid, pg_terminate_backend(backend_pid, 5000) from ops.kafka_member order by name limit 1")[0]
            #expect(ended[1] == "t")
            try await eventually("both have partitions, by sessions that are there") {
                try await bench.count(
                    """
                    select count(distinct m.member) from ops.kafka_member m
                    join ops.kafka_position p on p.owner = m.member
                    join pg_stat_activity a on a.pid = m.backend_pid and a.pid <> \(ended[0] ?? "0")
                    """) == 2
            }
            try await storm.fleet.settle()
            #expect(storm.fleet.complaints == [])
        }
    }

    /// The connection goes with COMMIT on its way; the loader is back before the server has got there.
    @Test(.timeLimit(.minutes(2))) func aCommitThatComesLateIsFoundOut() async throws {
        try await Storm.with(nil, partitions: 4, batchRows: 100, seed: testSeed) { storm in
            for round in 1...3 {
                try await storm.fleet.tend(atLeast: 1)
                try await storm.topic.produce(upTo: round * 2000)
                try await storm.strike(.cutLate)
                try await storm.follow(behind: 0, within: .seconds(30))
            }
            #expect(storm.inside > 0, "nothing was cut: \(storm.missed)")
            try await storm.fleet.settle()
            let (load, _) = try await storm.fleet.drain()
            #expect(load.exitCode == 0 && storm.fleet.complaints == [], "\(load.err)")
            let proof = try await StormProof(storm.topic, storm.bench)
            #expect(proof.isExact, "\(proof.faults)")
        }
    }

    /// Why reading ended was now and then lost, and the load taken for done: so more than once.
    @Test(.timeLimit(.minutes(2))) func lostMessagesAreNeverTakenForTheEnd() async throws {
        try await Storm.with(nil, partitions: 1, batchRows: 100, seed: testSeed) { storm in
            try await storm.topic.produce(upTo: 10)
            try await storm.topic.flush()
            #expect(try await storm.fleet.drain().load.exitCode == 0)
            _ = try await storm.bench.sql("update ops.kafka_position set next_offset = 1000")
            for _ in 0..<10 {
                let load = try await storm.fleet.drain().load
                #expect(load.exitCode == 1 && load.err.contains("ends before the next message"), "\(load.out)\(load.err)")
            }
        }
    }
}
