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
}
