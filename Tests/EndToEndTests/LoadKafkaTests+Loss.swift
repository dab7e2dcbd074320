import Foundation
import Glibc
import Kafka
import Testing

extension EndToEnd.LoadKafka {
    /// Fills a partition beyond the 5 MB that the brokers keep; the numbers of the customers that were sent.
    private func overflow(_ loading: Loading, from first: Int) async throws -> Range<Int> {
        let ids = first..<(first + 12)
        let padding = "\"" + String(repeating: "x", count: 900_000) + "\""
        try await loading.send(ids.map { Loading.customer($0, ["padding": padding]) })
        return ids
    }

    @Test func messagesThatAreGoneStopItUntilSomebodyDecides() async throws {
        try await Loading.with(partitions: 1) { loading, _ in
            try await loading.send(Loading.customers(1...10, partitions: 1))
            #expect(try await loading.once() == .init(read: 10, stored: 10))
            _ = try await overflow(loading, from: 11)
            let (low, high) = try await loading.marks()
            try #require(low > 11 && low < high && high == 22)

            for arguments in [["--once"], []] {
                let outcome = try await loading.run(arguments)
                #expect(outcome.exitCode == 1, "\(outcome.err)")
                #expect(
                    outcome.err.contains("customers:0:10: \(low - 10) messages are gone, offsets 10 to \(low - 1); the first one left is \(low)"),
                    "\(outcome.err)")
                #expect(outcome.err.contains("--accept-loss") && outcome.err.contains("ops.kafka_gap"))
            }
            #expect(try await loading.positions() == [10])
            #expect(try await loading.stored() == 10)
            #expect(try await loading.bench.count("select count(*) from ops.kafka_gap") == 0)

            let outcome = try await loading.run(["--once", "--accept-loss", "--json"])
            #expect(outcome.exitCode == 0 && outcome.err.contains("gone on without \(low - 10) messages"), "\(outcome.err)")
            #expect(try Loading.Told(outcome) == .init(read: Int(high - low), stored: Int(high - low)))
            let gaps = try await loading.bench.sql("select partition, from_offset, to_offset, reason like '%--accept-loss' from ops.kafka_gap")
            #expect(gaps == [["0", "10", "\(low)", "t"]])
            #expect(try await loading.positions() == [22])
            try await loading.expectBalance()
            #expect(try await loading.once(["--accept-loss"]) == .init(read: 0, stored: 0))
            #expect(try await loading.bench.count("select count(*) from ops.kafka_gap") == 1)
        }
    }

    /// The broker drops them under a loader that is slower than retention.
    @Test(arguments: [false, true]) func messagesThatGoWhileItReads(accepts: Bool) async throws {
        try await Loading.with(partitions: 1) { loading, _ in
            try await loading.send(Loading.customers(1...10, partitions: 1))
            let loader = try loading.start(accepts ? ["--accept-loss"] : [])
            try await eventually("the first ten") { try await loading.stored() == 10 }
            loader.signal(SIGSTOP)
            let ids = try await overflow(loading, from: 11)
            let low = try await loading.marks().low
            loader.signal(SIGCONT)
            if accepts {
                try await eventually("what is left") { try await loading.stored() == 10 + 22 - Int(low) }
                let outcome = try await loader.stop()
                #expect(outcome.err.contains("customers:0:10: gone on without \(low - 10) messages"), "\(outcome.err)")
                #expect(try await loading.bench.sql("select from_offset, to_offset from ops.kafka_gap") == [["10", "\(low)"]])
                #expect(try await loading.bench.count("select max(customer_id) from shop.customers") == ids.upperBound - 1)
            } else {
                let outcome = try await loader.outcome(deadline: .seconds(60))
                #expect(outcome.exitCode == 1 && outcome.err.contains("customers:0:10: \(low - 10) messages are gone"), "\(outcome.err)")
                #expect(try await loading.positions() == [10])
            }
            try await loading.expectBalance()
        }
    }

    @Test func aPositionBeyondTheEndStopsIt() async throws {
        try await Loading.with(partitions: 1) { loading, _ in
            try await loading.send(Loading.customers(1...10, partitions: 1))
            try await loading.once()
            try await loading.admin("update ops.kafka_position set next_offset = 15")
            for arguments in [["--once"], ["--once", "--accept-loss"], []] {
                let outcome = try await loading.run(arguments)
                #expect(outcome.exitCode == 1, "\(outcome.err)")
                #expect(outcome.err.contains("customers:0:15: the partition ends before the next message to land, at offset 10"), "\(outcome.err)")
            }
            #expect(try await loading.positions() == [15])
            #expect(try await loading.bench.count("select count(*) from ops.kafka_gap") == 0)
        }
    }

    @Test func anotherClusterIsReadFromItsBeginning() async throws {
        try await Loading.with { loading, first in
            try await loading.send(Loading.customers(1...30))
            try await loading.once()
            let second = try Loading.cluster()
            var anew = loading
            anew.brokers = second.bootstrapServers
            try await anew.send(Loading.customers(31...39))
            #expect(try await anew.once() == .init(read: 9, stored: 9))
            #expect(try await anew.positions() == [3, 3, 3])
            #expect(try await loading.bench.sql("select cluster_id, sum(next_offset) from ops.kafka_position group by 1 order by 2").map { $0[1] } == ["9", "30"])
            // The old one goes on where it stood.
            try await loading.send(Loading.customers(40...42))
            #expect(try await loading.once() == .init(read: 3, stored: 3))
            try await loading.expectExactly(1..<43)
            withExtendedLifetime(first.bootstrapServers) {}
        }
    }

    /// What was deleted before anybody began is not lost: nobody was to have it.
    @Test func aTopicThatBeginsLate() async throws {
        try await Loading.with(partitions: 1) { loading, _ in
            _ = try await overflow(loading, from: 1)
            let (low, high) = try await loading.marks()
            try #require(low > 0)
            let outcome = try await loading.run(["--once", "--json"])
            #expect(outcome.exitCode == 0 && outcome.err.contains("customers:0 begins at offset \(low)"), "\(outcome.err)")
            #expect(try Loading.Told(outcome).stored == Int(high - low))
            try await loading.expectBalance()
        }
    }
}
