import Foundation
import Glibc
import Kafka
import Testing

extension EndToEnd.LoadKafka {
    /// Process ids of the loaders that own partitions, one for each partition that is owned.
    private func owners(_ loading: Loading) async throws -> [pid_t] {
        try await loading.bench.sql(
            """
            select split_part(owner, ' process ', 2) from ops.kafka_lag where lease_until is not null order by partition
            """
        ).compactMap { pid_t($0[0] ?? "") }
    }

    private func shares(_ loading: Loading, _ loaders: [Child], are wanted: [Int], _ what: String) async throws {
        try await eventually(what) {
            let owners = try await owners(loading)
            return loaders.map { loader in owners.count { $0 == loader.pid } }.sorted() == wanted
        }
    }

    /// One leaves in order, one is killed, one joins late, while messages keep coming.
    @Test func loadersThatComeAndGoLoseAndDoubleNothing() async throws {
        try await Loading.with(partitions: 6) { loading, _ in
            var next = 1
            func more(_ count: Int = 600) async throws {
                try await loading.send(Loading.customers(next..<(next + count), partitions: 6))
                next += count
            }
            func all(_ what: String) async throws {
                try await eventually(what) { try await loading.stored() == next - 1 }
            }
            let arguments = ["--batch-rows", "50", "--json"]
            let first = try loading.start(arguments)
            try await more()
            try await shares(loading, [first], are: [6], "the first has all")
            let second = try loading.start(arguments)
            try await more()
            try await shares(loading, [first, second], are: [3, 3], "two have halves")
            let third = try loading.start(arguments)
            try await more()
            try await shares(loading, [first, second, third], are: [2, 2, 2], "three have thirds")
            try await more()
            try await all("all while three share")

            try await more()
            let left = try await second.stop()
            try await more()
            try await shares(loading, [first, third], are: [3, 3], "what the second had is taken over")
            try await all("all after one has left")

            try await more()
            third.signal(SIGKILL)
            #expect(try await third.outcome().signal == SIGKILL)
            try await more()
            try await shares(loading, [first], are: [6], "what the killed one had is taken over")
            try await all("all after one was killed")
            let last = try await first.stop()

            // Once for each that joined; and what the third had, it had for good.
            for (outcome, most) in [(last, 3), (left, 2)] {
                let rebalances = try #require(try outcome.json()["rebalances"] as? Int)
                #expect(rebalances <= most, "\(outcome.err)")
            }
            #expect(try await loading.bench.count("select max(epoch) from ops.kafka_position") <= 8)
            try await loading.once()
            try await loading.expectExactly(1..<next)
        }
    }

    /// Frozen, replaced, set going again: what it has in hand is refused.
    @Test func aZombieLandsNothing() async throws {
        try await Loading.with { loading, _ in
            try await loading.admin("update ops.setting set value = '4 s' where name = 'kafka.lease'")
            // A batch is held back before its end: it is frozen inside an open transaction, with rows copied.
            try await loading.admin(
                """
                create function public.hold() returns trigger language plpgsql as $$
                begin
                    if exists (select from pg_locks where locktype = 'advisory' and objid = 77 and granted) then
                        perform pg_advisory_xact_lock_shared(77);
                    end if;
                    return new;
                end
                $$;
                """)
            try await loading.admin("create trigger t100_hold before insert on ops.kafka_batch for each row execute function public.hold()")
            let zombie = try loading.start(["--batch-rows", "100", "--json"])
            try await loading.send(Loading.customers(1...500))
            try await eventually("progress") { try await loading.stored() == 500 }
            let hold = try await loading.hold(77)
            try await loading.send(Loading.customers(501...2000))
            try await eventually("the zombie's transaction is open") {
                try await loading.bench.count("select count(*) from pg_locks where locktype = 'advisory' and objid = 77 and not granted") >= 1
            }
            zombie.signal(SIGSTOP)
            await hold.close()
            // The server goes on without it: this landing commits, and the zombie is not told.
            let heir = try loading.start(["--batch-rows", "100", "--json"])
            try await eventually("the heir has taken over") { try await loading.stored() == 2000 }
            try await loading.send(Loading.customers(2001...2600))
            try await eventually("the heir goes on") { try await loading.stored() == 2600 }
            #expect(try await owners(loading) == [heir.pid, heir.pid, heir.pid])
            zombie.signal(SIGCONT)
            try await shares(loading, [zombie, heir], are: [1, 2], "the zombie is a member again")
            try await loading.send(Loading.customers(2601...3000))
            try await eventually("both go on") { try await loading.stored() == 3000 }
            try await zombie.stop()
            try await heir.stop()
            try await loading.once()
            try await loading.expectExactly(1..<3001)
        }
    }

    /// However long messages may wait for others, leases are kept and signals heard. And when a partition comes while a
    /// batch of another is in hand, and staging has moved on to its next slot meanwhile, that batch stays in its own.
    @Test func aLongLingerHoldsUpNothing() async throws {
        try await Loading.with(partitions: 2) { loading, _ in
            try await loading.admin("update ops.setting set value = '4 s' where name = 'kafka.lease'")
            let loaders = try (0..<2).map { _ in try loading.start(["--linger", "60000"]) }
            try await shares(loading, loaders, are: [1, 1], "both have a partition")
            try await loading.send(Loading.customers(1...2, partitions: 2))
            try await eventually("both have read a message") {
                try await loading.bench.count("select count(*) from ops.kafka_position where next_offset = 0 and high_offset = 1") == 2
            }
            let epochs = try await loading.bench.sql("select partition, epoch from ops.kafka_position order by 1")
            let until = try await loading.bench.value("select clock_timestamp() + interval '9 s'") ?? ""
            try await eventually("leases that go on") {
                try await loading.bench.value("select min(lease_until) > '\(until)' from ops.kafka_member") == "t"
            }
            #expect(try await loading.bench.sql("select partition, epoch from ops.kafka_position order by 1") == epochs)
            try await loading.expectBalance()
            try await loading.admin("update ops.feed set current_slot = current_slot + 1 where feed = 'shop.customer'")
            try await loaders[0].stop(within: .seconds(20))
            try await shares(loading, [loaders[1]], are: [2], "one has both")
            try await loading.send(Loading.customers(3...6, partitions: 2))
            try await eventually("it reads both") {
                try await loading.bench.count("select count(*) from ops.kafka_position where high_offset = 3") == 2
            }
            try await loaders[1].stop(within: .seconds(20))
            try await loading.once()
            try await loading.expectExactly(1..<7)
            #expect(try await loading.bench.count("select count(distinct slot) from ops.batch") == 2)
        }
    }

    /// kill -9 between COPY and COMMIT, and at any other time; the next one goes on at once.
    @Test func killedLoadersLoseAndDoubleNothing() async throws {
        let seed = testSeed
        try await Loading.with { loading, _ in
            var generator = SeededGenerator(seed: seed)
            try await loading.send(Loading.customers(1...12_000))
            var kills = 0
            for _ in 0..<8 {
                let before = try await loading.stored()
                let loader = try loading.start(["--batch-rows", "\(Int.random(in: 50...500, using: &generator))"])
                let wanted = before + Int.random(in: 1...1000, using: &generator)
                try await eventually("progress; seed \(seed)") {
                    let landed = try await loading.bench.count("select coalesce(sum(received), 0) from ops.batch")
                    return landed >= min(wanted, 12_000)
                }
                kills += loader.isRunning ? 1 : 0
                loader.signal(SIGKILL)
                _ = try await loader.outcome()
            }
            #expect(kills == 8)
            try await loading.once()
            try await loading.expectExactly(1..<12_001)
        }
    }
}
