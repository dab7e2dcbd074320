import Postgres
import Testing

@testable import Migrations

/// What an apply does, against a real server.
@Suite(.timeLimit(.minutes(1))) struct ApplyTests {
    static let files = [
        "sql/roles/00_roles.sql": "select 1;",
        "migrations/0001_create_shop.sql": "create schema shop;\ncreate table shop.run (path text);",
        "migrations/0002_fill_run.sql": "insert into shop.run values ('0002');",
        "sql/functions/10_shop/shop.one.sql":
            "create or replace function shop.one() returns int language sql begin atomic select 1; end;",
        "sql/roles/90_grants.sql": "insert into shop.run values ('grants');",
    ]
    static let order = [
        "sql/roles/00_roles.sql", "migrations/0001_create_shop.sql", "migrations/0002_fill_run.sql",
        "sql/functions/10_shop/shop.one.sql", "sql/roles/90_grants.sql",
    ]

    @Test func runsEverythingOnceAndInOrder() async throws {
        let bench = try await Bench.make(Self.files)
        #expect(try await bench.migrator().plan().steps.map(\.file.path) == Self.order)
        #expect(try await bench.value("select to_regnamespace('ops') is null") == "t")  // a plan writes nothing

        #expect(try await bench.apply() == Self.order)
        let states = try await bench.migrator().status()
        #expect(states.map(\.path) == Self.order && states.allSatisfy { $0.state == .applied })
        #expect(states.allSatisfy { $0.appliedBy == "postgres" && $0.appliedAt?.hasSuffix("Z") == true })
        let kinds = try await bench.values("select kind from ops.migration order by applied_order")
        #expect(kinds == ["role", "versioned", "versioned", "repeatable", "grant"])
        #expect(try await bench.value("select count(*) from ops.migration where finished_at >= applied_at") == "5")

        #expect(try await bench.apply().isEmpty)
        #expect(try await bench.migrator().plan().isPending == false)
        #expect(try await bench.values("select path from shop.run order by 1") == ["0002", "grants"])
    }

    @Test func nothingPendingNeedsNoLock() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        let lock = try await MigrationLock.acquire(bench.superuser, wait: .zero, logger: .init(label: "test"))
        #expect(try await bench.apply { $0.lockWait = .zero }.isEmpty)
        await lock.release()
    }

    @Test func aChangedRepeatableRunsAgainAndTheGrantsAfterIt() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        let function = "sql/functions/10_shop/shop.one.sql"
        try bench.write(
            function, "create or replace function shop.one() returns int language sql begin atomic select 2; end;")
        #expect(try await bench.apply() == [function, "sql/roles/90_grants.sql"])
        #expect(try await bench.value("select shop.one()") == "2")
        try bench.write("migrations/0003_fill_more.sql", "insert into shop.run values ('0003')")
        #expect(try await bench.apply() == ["migrations/0003_fill_more.sql", "sql/roles/90_grants.sql"])
        try bench.write("sql/roles/90_grants.sql", "select 'changed'")
        #expect(try await bench.apply() == ["sql/roles/90_grants.sql"])
        #expect(try await bench.apply().isEmpty)
    }

    @Test func anEditedFileIsRefusedBeforeAnyDDL() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        // What would run before it and after it does not run either.
        try bench.write("sql/roles/00_roles.sql", "create table shop.before ()")
        try bench.write("migrations/0001_create_shop.sql", "create schema shop; -- edited")
        try bench.write("migrations/0003_create_after.sql", "create table shop.after ()")
        let error = try await bench.failure()
        #expect(error.code == .refused && error.exitCode == 1)
        #expect(error.problems.map(\.path) == ["migrations/0001_create_shop.sql"])
        #expect(error.description.contains("restore the file"))
        #expect(try await bench.value("select count(*) from pg_class where relname in ('before', 'after')") == "0")
        #expect(try await bench.value("select count(*) from ops.migration") == "5")
    }

    @Test func aBadFileIsRefusedBeforeConnecting() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a ();\ncommit;"])
        let nowhere = ConnectionConfiguration(overrides: ["host": "/nowhere"])
        let migrator = try bench.migrator(as: nowhere)
        let error = try await #require(throws: MigrationError.self) { try await migrator.apply() }
        #expect(error.code == .refused && error.problems[0].line == 2)
    }

    @Test func aLateFileIsRefusedOrAllowed() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        try bench.write("migrations/0004_create_d.sql", "create table shop.d ()")
        try await bench.apply()
        try bench.write("migrations/0003_create_c.sql", "create table shop.c ()")
        let error = try await bench.failure()
        #expect(
            error.description.contains("git mv migrations/0003_create_c.sql migrations/0005_create_c.sql"), "\(error)")
        #expect(try await bench.value("select to_regclass('shop.c') is null") == "t")
        let ran = try await bench.apply { $0.allowOutOfOrder = true }
        #expect(ran == ["migrations/0003_create_c.sql", "sql/roles/90_grants.sql"])
        #expect(try await bench.apply().isEmpty)
    }

    @Test func aFailingFileRollsBackWholeAndNothingAfterItRuns() async throws {
        var files = Self.files
        files["migrations/0003_create_many.sql"] = """
            create table shop.a ();
            insert into shop.run values ('0003');

            select 1 / 0;
            """
        let bench = try await Bench.make(files)
        let error = try await bench.failure()
        #expect(error.code == .statementFailed && error.path == "migrations/0003_create_many.sql" && error.line == 4)
        #expect(error.server?.sqlState == "22012")
        #expect(try await bench.value("select to_regclass('shop.a') is null") == "t")
        #expect(try await bench.values("select path from shop.run") == ["0002"])
        #expect(
            try await bench.values("select path from ops.migration order by applied_order")
                == Array(Self.order.prefix(3)))
        try bench.write("migrations/0003_create_many.sql", "create table shop.a ()")
        #expect(try await bench.apply() == ["migrations/0003_create_many.sql"] + Self.order.suffix(2))
    }

    @Test func aDeferredConstraintThatFailsAtCommitRollsBack() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_a.sql": """
            create table a (id int primary key, up int references a deferrable initially deferred);
            insert into a values (1, 2);
            """
        ])
        let error = try await bench.failure()
        #expect(error.server?.sqlState == "23503" && error.path == "migrations/0001_create_a.sql" && error.line == nil)
        #expect(!error.description.contains("(2)"))  // no row values
        #expect(try await bench.value("select count(*) from ops.migration") == "0")
    }

    @Test func aFileLeavesNothingToTheNext() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_shop.sql": """
            create schema shop;
            create role {owner}_other;
            set search_path = shop;
            set lock_timeout = '1h';
            set standard_conforming_strings = off;
            create temporary table probe (a int);
            prepare p as select 1;
            set role {owner}_other;
            """.replacing("{owner}", with: "leave_\(UInt32.random(in: 0 ... .max))"),
            "migrations/0002_check_session.sql": """
            create table public.seen as
            select current_setting('search_path') as path, current_setting('lock_timeout') as lock,
              to_regclass('probe') is null as no_probe, current_user::text as who, 'a\\' as backslash,
              (select count(*) from pg_prepared_statements) as prepared;
            """,
        ])
        try await bench.apply()
        let row = try await bench.values("select row_to_json(s) from public.seen s")
        #expect(
            row == [
                #"{"path":"\"$user\", public","lock":"500ms","no_probe":true,"who":"postgres","backslash":"a\\","prepared":0}"#
            ])
    }

    @Test func grantsRunAfterAnApplyThatStoppedBeforeThem() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        try bench.write("migrations/0003_create_c.sql", "create table shop.c ()")
        try bench.write("migrations/0004_create_d.sql", "broken")
        _ = try await bench.failure()
        try bench.write("migrations/0004_create_d.sql", "create table shop.d ()")
        #expect(try await bench.apply() == ["migrations/0004_create_d.sql", "sql/roles/90_grants.sql"])
        // And when what came before the grants is all there already:
        try await bench.execute("update ops.migration set applied_order = default where path like '%0004%'")
        #expect(try await bench.migrator().plan().steps.map(\.reason) == [.grants])
        #expect(try await bench.apply() == ["sql/roles/90_grants.sql"])
    }

    @Test func theLedgerIsNobodyElses() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        let open = try await bench.value(
            """
            select count(*) from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            left join lateral aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a on true
            where n.nspname = 'ops' and (a.grantee = 0
              or exists (select from aclexplode(n.nspacl) s where s.grantee = 0))
            """)
        #expect(open == "0")
        let silent = try await bench.value(
            """
            select count(*) from pg_attribute
            where attrelid = 'ops.migration'::regclass and attnum > 0 and col_description(attrelid, attnum) is null
            """)
        #expect(silent == "0")
        #expect(try await bench.value("select obj_description('ops.migration'::regclass) is not null") == "t")
    }

    @Test func aCancelledApplyRollsBack() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_a.sql": "create table a ();\nselect pg_sleep(600)"
        ])
        let migrator = try bench.migrator()
        let task = Task { try await migrator.apply() }
        try await eventually("the file sleeps") {
            try await bench.value(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'")
                == "1"
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await bench.value("select to_regclass('a') is null") == "t")
        try bench.write("migrations/0001_create_a.sql", "create table a ()")
        #expect(try await bench.apply() == ["migrations/0001_create_a.sql"])
    }

    // MARK: Baseline

    @Test func aBaselineMarksWithoutRunning() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.execute("create schema shop; create table shop.run (path text)")
        let report = try await bench.migrator().baseline(version: 1)
        #expect(report.applied.map(\.path) == ["migrations/0001_create_shop.sql"])
        #expect(try await bench.apply() == Self.order.filter { !$0.contains("0001") })
        #expect(try await bench.values("select path from shop.run order by 1") == ["0002", "grants"])
        #expect(try await bench.value("select kind from ops.migration where version = 1") == "baseline")
        #expect(try await bench.apply().isEmpty)
        try bench.write("migrations/0001_create_shop.sql", "edited")
        #expect(try await bench.failure().problems.map(\.code) == [.edited])
    }

    @Test func aBaselineIsRefusedWhereThereIsHistory() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        let migrator = try bench.migrator()
        let error = try await #require(throws: MigrationError.self) { try await migrator.baseline(version: 2) }
        #expect(error.code == .refused)
        let unknown = try await #require(throws: MigrationError.self) { try await migrator.baseline(version: 7) }
        #expect(unknown.code == .usage && unknown.description.contains("0001 to 0002"))
        try bench.write("migrations/0003_create_c.sql", "broken")
        let report = try await bench.migrator().baseline(version: 3, force: true)
        #expect(report.applied.map(\.path) == ["migrations/0003_create_c.sql"])
        #expect(try await bench.apply() == ["sql/roles/90_grants.sql"])
    }
}
