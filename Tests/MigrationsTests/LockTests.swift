import Logging
import Postgres
import Testing

@testable import Migrations

/// Several migrators, and readers that are in the way.
@Suite(.timeLimit(.minutes(1))) struct LockTests {
    static func files(concurrentBuild: Bool) -> [String: String] {
        var files = [
            "sql/roles/00_roles.sql": "do $$ begin perform 1; end $$",
            "migrations/0001_create_run.sql": "create table run (path text not null, lot int);",
            "migrations/0002_fill_run.sql": "insert into run values ('0002')",
            "migrations/0004_fill_run.sql": "insert into run values ('0004')",
            "sql/functions/one.sql": "insert into run values ('function')",
            "sql/roles/90_grants.sql": "insert into run values ('grants')",
        ]
        if concurrentBuild {
            files["migrations/0003_index_run.sql"] =
                "-- migrate: no-transaction\ncreate index concurrently run_path_idx on run (path)"
        }
        return files
    }

    @Test(arguments: 0..<10) func twoMigratorsAtOnce(_ seed: Int) async throws {
        let bench = try await Bench.make(Self.files(concurrentBuild: seed.isMultiple(of: 2)))
        let one = try bench.migrator()
        let other = try bench.migrator()
        async let first = one.apply()
        async let second = other.apply()
        let ran = try await (first.applied + second.applied).map(\.path)
        #expect(ran.sorted() == one.project.files.map(\.path).sorted())
        #expect(try await bench.values("select path from run order by 1") == ["0002", "0004", "function", "grants"])
        #expect(try await bench.value("select count(*) from pg_index where not indisvalid") == "0")
        #expect(!bench.messages.contains("deadlock"))
        #expect(try await bench.apply().isEmpty)
    }

    @Test func aLockThatIsNotObtainedNamesItsHolder() async throws {
        let bench = try await Bench.make(Self.files(concurrentBuild: false))
        var holder = bench.superuser
        holder.applicationName = "someone else"
        let lock = try await MigrationLock.acquire(holder, wait: .zero, logger: Logger(label: "test"))
        let pid = try await bench.value(
            "select pid from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"
        )
        let error = try await bench.failure { $0.lockWait = .milliseconds(700) }
        #expect(error.code == .lockNotObtained && error.exitCode == 75)
        for part in [
            "700 ms", "pid \(pid ?? "")", "user postgres", "application someone else (lock)", "since 2",
            "client local socket",
        ] {
            #expect(error.description.contains(part), "\(error)")
        }
        #expect(bench.messages.contains("waiting up to 700 ms"))
        #expect(try await bench.value("select to_regclass('run') is null") == "t")
        await lock.release()
        #expect(try await bench.apply().count == 6)
    }

    @Test func otherDatabasesAreNoneOfItsBusiness() async throws {
        let one = try await Bench.make()
        let other = try await Bench.make(Self.files(concurrentBuild: false))
        let lock = try await MigrationLock.acquire(one.superuser, wait: .zero, logger: Logger(label: "test"))
        #expect(try await other.apply { $0.lockWait = .zero }.count == 6)
        await lock.release()
    }

    @Test func aLostLockStopsTheApply() async throws {
        let bench = try await Bench.make(Self.files(concurrentBuild: false))
        let error = try await bench.failure {
            $0.checkpoint = { checkpoint in
                guard checkpoint.path == "migrations/0002_fill_run.sql", case .finished = checkpoint.moment else {
                    return
                }
                let holder =
                    "pid from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"
                #expect(
                    try await bench.value(
                        "select pg_terminate_backend(\(holder.replacing("pid from", with: "pid) from"))") == "t")
                try await eventually("the lock is gone") { try await bench.values("select \(holder)").isEmpty }
            }
        }
        #expect(error.code == .lockLost)
        #expect(try await bench.values("select path from run order by 1") == ["0002"])
        #expect(try await bench.apply().count == 3)
    }

    /// An ALTER behind a long reader is tried again and again; other readers queue behind it no longer than its
    /// lock timeout, and it gets through once the reader has ended.
    @Test func anAlterBehindALongReaderHoldsNobodyUp() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a (b int)"])
        try await bench.apply()
        try bench.write("migrations/0002_add_c.sql", "select 1;\nalter table a add c int")
        let long = try await bench.connect()
        try await long.execute("begin; select * from a")
        let migrator = try bench.migrator { $0.lockTimeout = .milliseconds(200) }
        let running = Task { try await migrator.apply() }
        let short = try await bench.connect()
        var longest = Duration.zero
        var reads = 0
        try await eventually("the third attempt") {
            let start = ContinuousClock.now
            try await short.query("select count(*) from a")
            longest = max(longest, ContinuousClock.now - start)
            reads += 1
            return bench.messages.contains("attempt 3 of 31")
        }
        #expect(longest < .seconds(1), "a reader waited \(longest)")
        #expect(longest > .milliseconds(50) && reads > 3, "no reader ever queued: \(longest), \(reads)")
        let said =
            "migrations/0002_add_c.sql:2 (alter table a add c int): a lock was not to be had in time: a, held by pid \(long.backendPID)"
        #expect(bench.messages.contains(said), "\(bench.messages.all)")
        try await long.execute("commit")
        let report = try await running.value
        #expect(report.applied[0].attempts >= 4)
        #expect(try await bench.value("select count(*) from information_schema.columns where table_name = 'a'") == "2")
        await long.close()
        await short.close()
    }

    @Test func retriesEnd() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a (b int)"])
        try await bench.apply()
        try bench.write("migrations/0002_add_c.sql", "insert into a values (1);\nalter table a add c int")
        let long = try await bench.connect()
        try await long.execute("begin; select * from a")
        let error = try await bench.failure {
            $0.lockTimeout = .milliseconds(300); $0.lockRetries = 2
        }
        #expect(error.code == .busy && error.exitCode == 75 && error.line == 2)
        for part in ["in each of 3 attempts", "held by pid \(long.backendPID)", "55P03"] {
            #expect(error.description.contains(part), "\(error)")
        }
        await long.close()
        #expect(try await bench.value("select count(*) from a") == "0")
        #expect(try await bench.apply().count == 1)
    }

    /// Roles belong to the whole cluster, so that migrators of several databases meet there.
    @Test func rolesMadeFromTwoDatabasesAtOnce() async throws {
        let benches = [try await Bench.make(), try await Bench.make(), try await Bench.make()]
        let role = "\(benches[0].database)_shared"
        for bench in benches {
            try bench.write(
                "sql/roles/00_roles.sql",
                """
                do $$
                begin
                  if not exists (select from pg_roles where rolname = '\(role)') then
                    create role \(role);
                  end if;
                end $$;
                grant pg_monitor to \(role);
                alter role \(role) set statement_timeout = '1min';
                """)
        }
        try await withThrowingTaskGroup { group in
            for bench in benches { group.addTask { try await bench.apply() } }
            for try await ran in group { #expect(ran.count == 1) }
        }
        #expect(try await benches[0].value("select count(*) from pg_roles where rolname = '\(role)'") == "1")
    }

    @Test func aRaceForARoleIsTriedAgain() async throws {
        let bench = try await Bench.make()
        let role = "\(bench.database)_raced"
        try bench.write(
            "sql/roles/00_roles.sql",
            """
            do $$
            begin
              if not exists (select from pg_roles where rolname = '\(role)') then
                create role \(role);
              end if;
            end $$;
            """)
        let other = try await bench.connect()
        try await other.execute("begin; create role \(role)")
        let migrator = try bench.migrator { $0.lockTimeout = .seconds(10) }
        let running = Task { try await migrator.apply() }
        try await eventually("it waits for the other's role") {
            try await bench.value(
                "select count(*) from pg_locks where not granted and locktype = 'transactionid' and pid in (select pid from pg_stat_activity where datname = current_database())"
            ) == "1"
        }
        try await other.execute("commit")
        #expect(try await running.value.applied[0].attempts == 2)
        #expect(bench.messages.contains("another session made the same role"))
        await other.close()
    }
}
