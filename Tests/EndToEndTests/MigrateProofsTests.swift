import Foundation
import Glibc
import Postgres
import Synchronization
import Testing

extension EndToEnd { @Suite(.timeLimit(.minutes(10))) struct MigrateProofs {} }

/// What `emporium migrate apply` promises, shown with the processes themselves.
extension EndToEnd.MigrateProofs {
    // MARK: Two at once

    /// Half of the races have concurrent operations, whose waits for older snapshots are what two migrators could
    /// deadlock on.
    @Test(arguments: [false, true]) func fiftyRacesOfTwo(_ isConcurrent: Bool) async throws {
        let waits = Mutex(0)
        try await sideBySide(25) { race in
            try await MigrateProof.with(rows: 2000, isConcurrent: isConcurrent) { proof in
                let both = [try proof.start(), try proof.start()]
                let outcomes = try await both.asyncMap { try await $0.outcome() }
                for outcome in outcomes {
                    #expect(outcome.exitCode == 0, "race \(race): \(outcome.err)")
                    #expect(!outcome.err.contains("deadlock"), "race \(race): \(outcome.err)")
                }
                let events = both.map { MigrateProof.events($0) }
                waits.withLock { $0 += events.joined().contains { $0.event == "waiting" && $0.path == nil } ? 1 : 0 }
                let applied = events.joined().filter { $0.event == "file_applied" }.compactMap(\.path)
                let files = isConcurrent ? 13 : 8
                #expect(applied.count == files && Set(applied).count == files, "race \(race): \(applied.sorted())")
                let marks = try await proof.bench.sql("select path, count(*) from shop.mark group by path order by path")
                #expect(marks.count == 7 && marks.allSatisfy { $0[1] == "1" }, "race \(race): \(marks)")
                #expect(try await proof.bench.count("select count(*) from pg_index where not indisvalid") == 0)
                #expect(try await proof.bench.count("select count(*) from ops.migration where finished_at is null") == 0)
                #expect(try await proof.deadlocks() == 0, "race \(race)")
            }
        }
        // They did meet.
        #expect(waits.withLock { $0 } > 0)
    }

    // MARK: Killed

    /// SIGKILL at moments that go over every step that a run tells of, in first runs and in those that pick up what a
    /// killed one has left; the backend of a killed one may be at work for a second more.
    @Test func ahundredKills() async throws {
        let seed = testSeed
        let kills = 100
        var reference: [String] = []
        var steps = 0
        try await MigrateProof.with(rows: 12_000) { proof in
            steps = try await proof.finish().count
            reference = try await proof.state()
        }
        try #require(steps > 40 && reference.count > 100, "\(steps) \(reference)")
        var generator = SeededGenerator(seed: seed)
        // Each step in turn, in an order of the seed's.
        var moments: [Int] = []
        while moments.count < kills * 2 { moments += (1...steps).shuffled(using: &generator) }
        let plan = Mutex((moments: moments, generator: generator))
        let killed = Mutex<[String]>([])
        let expected = reference

        try await sideBySide(kills) { number in
            if killed.withLock({ $0.count }) >= kills { return }
            try await MigrateProof.with(rows: 12_000) { proof in
                for _ in 0..<2 {
                    let (moment, delay) = plan.withLock { plan in
                        (plan.moments.popLast() ?? 1, Int.random(in: 0...30, using: &plan.generator))
                    }
                    let child = try proof.start()
                    try await eventually("\(moment) steps, or the end") {
                        child.err.utf8.count { $0 == UInt8(ascii: "\n") } >= moment || !child.isRunning
                    }
                    try await Task.sleep(for: .milliseconds(delay))
                    child.signal(SIGKILL)
                    guard try await child.outcome().signal == SIGKILL else { continue }
                    let last = MigrateProof.events(child).last
                    killed.withLock { $0.append("\(last?.event ?? "") \(last?.path ?? "")") }
                }
                let run = try await proof.finish()
                let told = run.compactMap { $0.detail?.message }
                let state = try await proof.state()
                let apart = state.difference(from: expected).map { "\($0)" }
                #expect(apart.isEmpty, "seed \(seed), database \(number): \(apart)\n\(told.joined(separator: "\n"))")
            }
        }
        let places = killed.withLock { $0 }
        #expect(places.count >= kills, "only \(places.count) kills")
        let files = Set(places.compactMap { $0.split(separator: " ").dropFirst().first })
        #expect(files.count >= 10, "seed \(seed): the kills hit \(files.count) of 13 files: \(files.sorted())")
        let alone = files.filter { path in ["0002", "0004", "0005", "0007", "0008"].contains { path.contains($0) } }
        #expect(alone.count >= 4, "seed \(seed): \(alone)")
    }

    // MARK: Behind a long reader

    /// The ALTER is tried again and again behind a transaction that has read the table; other readers queue behind each
    /// attempt. How long they do is measured by their own server process.
    @Test func anAlterBehindALongReaderKeepsOthersUnderASecond() async throws {
        try await MigrateProof.with(rows: 2000, isConcurrent: false) { proof in
            try await proof.finish()
            try proof.write("migrations/0010_add_rebate.sql", "alter table shop.orders add rebate numeric;\n")
            let database = proof.bench.database
            try await proof.bench.stack.admin(database) { long in
                try await long.execute("begin; select count(*) from shop.orders")
                let child = try proof.start()
                func attempts() -> Int { MigrateProof.events(child).count { $0.event == "retrying" } }
                var (longest, reads) = (0.0, 0)
                try await proof.bench.stack.admin(database) { short in
                    while attempts() < 6 && child.isRunning {
                        let row = try await short.execute(Self.read).first
                        longest = max(longest, Double(row?.text("seconds") ?? "") ?? .infinity)
                        reads += 1
                    }
                }
                #expect(child.isRunning, "\(child.err)")
                #expect(longest < 1, "a reader waited \(longest) s")
                #expect(longest > 0.3 && reads > 6, "no reader ever queued: \(longest) s, \(reads) reads")
                let said = child.err
                #expect(
                    said.contains("shop.orders, held by pid \(long.backendPID), user postgres, application test, idle in transaction"),
                    "\(said)")
                try await long.execute("commit")
                let outcome = try await child.outcome()
                #expect(outcome.exitCode == 0, "\(outcome.err)")
                print("longest wait of \(reads) readers behind \(attempts()) attempts: \(longest) s")
            }
            #expect(
                try await proof.bench.count(
                    "select count(*) from pg_attribute where attrelid = 'shop.orders'::regclass and attname = 'rebate'") == 1)
        }
    }

    /// Its own wait in seconds, as the last answer.
    private static let read = """
        do $$
        declare begun timestamptz := clock_timestamp();
        begin
          perform from shop.orders limit 1;
          perform set_config('proof.waited', extract(epoch from clock_timestamp() - begun)::text, false);
        end $$;
        select current_setting('proof.waited') as seconds
        """
}
