import Postgres
import Synchronization
import Testing

@testable import Migrations

/// A migrator that dies at every step, and what a killed one may leave behind.
@Suite(.timeLimit(.minutes(3))) struct KillTests {
    static let files = [
        "sql/roles/00_roles.sql": "select 1; select 2",
        "migrations/0001_create_run.sql": "create table run (path text not null);\ninsert into run values ('0001')",
        "migrations/0002_index_run.sql":
            "-- migrate: no-transaction\ncreate index concurrently run_path_idx on run (path)",
        "migrations/0003_fill_run.sql": "insert into run values ('0003');\nselect 1",
        "sql/functions/one.sql": "create or replace function one() returns int language sql begin atomic select 1; end",
        "sql/roles/90_grants.sql": "grant select on run to pg_monitor",
    ]

    enum Death: String, CaseIterable, Sendable {
        /// The process: both of its sessions end.
        case process
        /// The working session: the server ends it.
        case backend
    }
    struct Died: Error {}

    @Test(arguments: Death.allCases) func atEveryStep(_ death: Death) async throws {
        var deaths = 0
        while try await dies(at: deaths, by: death) { deaths += 1 }
        // 6 files: lock, record, each statement (9 in all), before and after the commit.
        #expect(deaths == 6 * 4 + 9)
    }

    /// - Returns: false where the apply has no such step.
    private func dies(at step: Int, by death: Death) async throws -> Bool {
        let bench = try await Bench.make(Self.files)
        let counter = Mutex(0)
        let migrator = try bench.migrator {
            $0.checkpoint = { checkpoint in
                let now = counter.withLock { count in
                    defer { count += 1 }; return count
                }
                guard now == step else { return }
                if death == .process { throw Died() }
                #expect(try await bench.value("select pg_terminate_backend(\(checkpoint.backendPID), 10000)") == "t")
            }
        }
        var died = false
        do { try await migrator.apply() } catch is Died { died = true } catch let error as MigrationError {
            #expect(error.code == .unavailable, "step \(step): \(error)")
            died = true
        }
        let reached = counter.withLock { $0 } > step
        // Where the backend died after the last commit, there was nothing left to fail.
        #expect(died || !reached || death == .backend, "step \(step)")

        let known = try await bench.value("select to_regclass('ops.migration') is not null") == "t"
        let halves = known ? try await bench.values("select path from ops.migration where finished_at is null") : []
        #expect(halves.allSatisfy { $0 == "migrations/0002_index_run.sql" }, "step \(step): \(halves)")
        try await bench.apply()
        #expect(try await bench.value("select count(*) from ops.migration where finished_at is not null") == "6")
        #expect(try await bench.values("select path from run order by 1") == ["0001", "0003"], "step \(step)")
        #expect(
            try await bench.value("select indisvalid from pg_index where indexrelid = 'run_path_idx'::regclass") == "t")
        #expect(try await bench.value("select has_table_privilege('pg_monitor', 'run', 'select')") == "t")
        #expect(try await bench.migrator().plan().isPending == false, "step \(step)")
        return reached
    }

    /// Killed while its backend runs a statement: the backend still holds the file's row.
    @Test(arguments: [true, false]) func theNextOneWaitsForAKilledOnesBackend(_ commits: Bool) async throws {
        let bench = try await Bench.make(Self.files)
        let project = try MigrationProject(root: bench.root)
        let setup = try await bench.connect()
        try await Ledger.create(setup)
        await setup.close()
        let file = try #require(project.files.first { $0.version == 1 })
        let orphan = try await bench.connect()
        try await orphan.execute("begin")
        #expect(try await Ledger.begin(file, again: false, orphan))
        try await orphan.execute("create table run (path text not null); insert into run values ('0001')")

        let migrator = try bench.migrator { $0.lockTimeout = .milliseconds(300) }
        let running = Task { try await migrator.apply() }
        try await eventually("the next one has waited") { bench.messages.contains("attempt 2 of") }
        try await eventually("it says for whom") { bench.messages.contains("held by pid \(orphan.backendPID)") }
        if commits {
            _ = try await Ledger.finish(file, orphan)
            try await orphan.execute("commit")
        }
        await orphan.close()
        let ran = try await running.value.applied
        #expect(ran.contains { $0.path == file.path } == !commits)
        #expect(ran.count == (commits ? 5 : 6))
        #expect(try await bench.values("select path from run order by 1") == ["0001", "0003"])
    }

    @Test func aKilledMigratorsStatementEndsWithinSeconds() async throws {
        let bench = try await Bench.make()
        let session = try await WorkSession.open(bench.superuser, MigrationOptions(), .init(label: "test"))
        let settings = [
            "client_connection_check_interval": "1s", "lock_timeout": "750ms", "deadlock_timeout": "375ms",
            "statement_timeout": "0", "standard_conforming_strings": "on",
        ]
        for (name, value) in settings {
            #expect(
                try await session.connection.query("select current_setting($1) as value", [.text(name)]).first?["value"]
                    == value)
        }
        await session.connection.close()
    }
}
