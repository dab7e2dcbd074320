import Postgres
import Synchronization
import Testing

@testable import Migrations

/// A replacement as part of a run: other files, older ledgers, errors, interruptions, readers.
@Suite(.timeLimit(.minutes(1))) struct RemakeRunTests {
    static let sale = "sql/functions/10_shop/shop.sale.sql"
    static let report = "sql/functions/20_report/shop.report.sql"
    static let files = [
        "migrations/0001_create_shop.sql": "create schema shop; create table shop.line as select 1 as a, 2 as b",
        sale: "create or replace view shop.sale as select a, b from shop.line",
        report: "create or replace view shop.report as select b from shop.sale",
    ]
    /// Objects by name and definition.
    static let state = """
        select format('%s %s %s', c.oid::regclass, c.relacl, pg_get_viewdef(c.oid)) from pg_class c
        where c.relkind = 'v' and c.relnamespace = 'shop'::regnamespace
        union all
        select format('%s %s', p.oid::regprocedure, p.prosrc) from pg_proc p where p.pronamespace = 'shop'::regnamespace
        union all
        select format('%s %s %s', path, checksum, finished_at is not null) from ops.migration
        union all
        select format('%s %s %s', kind, identity, path) from ops.migration_object
        order by 1
        """

    @Test func aDependentThatDoesNotFitIsRefusedByName() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        let before = try await bench.values(Self.state)
        try bench.write(Self.sale, "\ncreate or replace view shop.sale as select a from shop.line")
        let error = try await bench.failure()
        #expect(error.code == .refused && error.path == Self.sale && error.line == 2, "\(error)")
        #expect(error.description.contains("view shop.report does not fit any more: ERROR 42703: column sale.b does not exist"), "\(error)")
        #expect(try await bench.values(Self.state) == before)
    }

    @Test func aLaterFileThatMakesTheDependentAnewRunsAlong() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        try await bench.execute("grant select on shop.report to public")
        try bench.write(Self.sale, "create or replace view shop.sale as select a, 5 as c from shop.line")
        // Stands between the two, and the second one needs it.
        try bench.write("sql/functions/15_help/shop.help.sql", "create or replace function shop.help() returns int language sql return 7")
        try bench.write(Self.report, "create or replace view shop.report as select c, shop.help() as help from shop.sale")
        try bench.write("sql/functions/30_last/shop.last.sql", "create or replace view shop.last as select c from shop.report")
        let seen = Mutex<[String]>([])
        let told = Mutex<[MigrationEvent]>([])
        let report = try await bench.migrator {
            $0.onEvent = { event in if event.name == .remade { told.withLock { $0.append(event) } } }
            $0.checkpoint = { checkpoint in
                if case .finished = checkpoint.moment { seen.withLock { $0.append(checkpoint.path) } }
            }
        }.apply()
        #expect(
            report.applied.map(\.path) == [
                Self.sale, "sql/functions/15_help/shop.help.sql", Self.report, "sql/functions/30_last/shop.last.sql",
            ])
        #expect(seen.withLock { $0 } == [Self.sale, "sql/functions/30_last/shop.last.sql"])  // two transactions
        #expect(report.applied[0].remade == ["view shop.sale"] && report.applied[2].remade == ["view shop.report"], "\(report.applied)")
        // One event a file, with all of its objects.
        #expect(
            told.withLock { $0.map { "\($0.path ?? "") \($0.detail)" } } == [
                "\(Self.sale) \(["objects": MigrationEvent.Value.list(["view shop.sale"])])",
                "\(Self.report) \(["objects": MigrationEvent.Value.list(["view shop.report"])])",
            ])
        #expect(try await bench.value("select array[c, help]::text from shop.report") == "{5,7}")
        #expect(try await bench.value("select relacl::text ~ '[{,]=r/postgres' from pg_class where oid = 'shop.report'::regclass") == "t")
        #expect(try await bench.apply().isEmpty)
    }

    @Test func anErrorInAFileThatRunsAlongIsLocatedThere() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        let before = try await bench.values(Self.state)
        try bench.write(Self.sale, "create or replace view shop.sale as select a from shop.line")
        try bench.write(Self.report, "select 1;\ncreate or replace view shop.report as\n  select a, nope from shop.sale")
        let error = try await bench.failure()
        #expect(error.path == Self.report && error.line == 3 && error.column == 13, "\(error)")
        #expect(error.server?.sqlState == "42703")
        #expect(try await bench.values(Self.state) == before)
    }

    @Test func theSameFileMayMakeTheDependentAnew() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_shop.sql": "create schema shop; create table shop.line as select 1 as a, 2 as b",
            Self.sale: """
            create or replace view shop.sale as select a, b from shop.line;
            create or replace view shop.report as select b from shop.sale;
            create or replace view shop.sum as select sum(b) as sum from shop.report;
            """,
        ])
        try await bench.apply()
        try await bench.execute("grant select on shop.report, shop.sum to public; comment on view shop.report is 'kept'")
        try bench.write(
            Self.sale,
            """
            create or replace view shop.sale as select a as b from shop.line;
            create or replace view shop.report as select 'x' as name, b from shop.sale;
            create or replace view shop.sum as select sum(b) as sum from shop.report;
            """)
        let remade = try await bench.migrator().apply().applied[0].remade
        #expect(Set(remade) == ["view shop.sale", "view shop.report", "view shop.sum"])
        #expect(try await bench.value("select sum from shop.sum") == "1")
        #expect(
            try await bench.value("select count(*) from pg_class where relnamespace = 'shop'::regnamespace and relacl::text ~ '[{,]=r/'")
                == "2")
        #expect(try await bench.value("select obj_description('shop.report'::regclass)") == "kept")
    }

    @Test func anErrorThatIsNoShapeIsLocatedAsEver() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        try bench.write(Self.sale, "select 1;\n  create or replace view shop.sale as\nselect a, b, nope from shop.line")
        var error = try await bench.failure()
        #expect(error.line == 3 && error.column == 14 && error.server?.sqlState == "42703", "\(error)")
        try bench.write(Self.sale, "create or replace view shop.sale as select a, b from shop.line;;\n create or replace view shop.x as select from where")
        error = try await bench.failure()
        #expect(error.line == 2 && error.server?.sqlState == "42601", "\(error)")
        #expect(error.column == 47, "\(error)")
        // 42P13 is also said of a body; making it anew does not help, and the place is the body's.
        try bench.write(Self.sale, "create or replace function shop.f() returns int language sql as $$ select 'x'::text $$")
        error = try await bench.failure()
        #expect(error.line == 1 && error.server?.sqlState == "42P13", "\(error)")
    }

    @Test func anOlderLedgersFunctionsAreAdopted() async throws {
        let changed = "sql/functions/shop.f.sql"
        let bench = try await Bench.make([
            "migrations/0001_create_shop.sql":
                "create schema shop; create function shop.g(text) returns int language sql return 1",
            changed: "create or replace function shop.f(a int) returns int language sql return 1",
            "sql/functions/shop.g.sql": "create or replace function shop.g(a int) returns int language sql return 1",
            "sql/functions/shop.h.sql": "create or replace function shop.h(a int) returns int language sql return 1",
        ])
        try await bench.apply()
        try await bench.execute("truncate ops.migration_object")
        try bench.write(changed, "create or replace function shop.f(a bigint) returns int language sql return 2")
        try bench.write("sql/functions/shop.g.sql", "create or replace function shop.g(a bigint) returns int language sql return 2")
        try await bench.apply()
        let functions = "select oid::regprocedure::text from pg_proc where pronamespace = 'shop'::regnamespace order by 1"
        // g is made by a migration, too: which one is whose, nobody knows.
        #expect(
            try await bench.values(functions)
                == ["shop.f(bigint)", "shop.g(bigint)", "shop.g(integer)", "shop.g(text)", "shop.h(integer)"])
        try bench.write("sql/functions/shop.h.sql", "create or replace function shop.h(a bigint) returns int language sql return 2")
        try await bench.apply()
        #expect(try await bench.values(functions).last == "shop.h(bigint)")
    }

    @Test func aMovedFunctionIsReplacedWhereItGoes() async throws {
        let (from, to) = ("sql/functions/10_a/a.sql", "sql/functions/20_b/b.sql")
        let bench = try await Bench.make([
            "migrations/0001_create_shop.sql": "create schema shop",
            from: """
            create or replace function shop.f(a int) returns int language sql return 1;
            create or replace function shop.same(a int) returns int language sql return 1;
            """,
            to: "select 1",
        ])
        try await bench.apply()
        try bench.write(from, "select 2")
        try bench.write(
            to,
            """
            create or replace function shop.f(a bigint) returns int language sql return 1;
            create or replace function shop.same(a int) returns int language sql return 2
            """)
        try await bench.apply()
        #expect(
            try await bench.values("select identity || ' ' || path from ops.migration_object order by 1")
                == ["shop.f(bigint) \(to)", "shop.same(integer) \(to)"])
        #expect(try await bench.values("select oid::regprocedure::text from pg_proc where pronamespace = 'shop'::regnamespace order by 1") == ["shop.f(bigint)", "shop.same(integer)"])
        #expect(!bench.messages.contains("no longer makes the function shop.same"))
    }

    @Test func readersSeeTheOldOrTheNew() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        let seen = Mutex<[String]>([])
        let isDone = Mutex(false)
        async let reading: Void = {
            let reader = try await bench.connect()
            while !isDone.withLock({ $0 }) {
                let row = try await reader.query("select to_jsonb(r)::text as row from shop.report r").first
                seen.withLock { if $0.last != row?.text("row") { $0.append(row?.text("row") ?? "nothing") } }
            }
            await reader.close()
        }()
        for round in 1...20 {
            let columns = round.isMultiple(of: 2) ? "a, b" : "b, a"
            try bench.write(Self.sale, "create or replace view shop.sale as select \(columns) from shop.line -- \(round)")
            #expect(try await bench.apply() == [Self.sale])
        }
        isDone.withLock { $0 = true }
        try await reading
        #expect(seen.withLock { $0 } == [#"{"b": 2}"#])
    }

    /// The session is ended at each of the moments of the file, then the apply is run again.
    @Test func aKillLeavesEverythingAsItWas() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        let before = try await bench.values(Self.state)
        try bench.write(Self.sale, "create or replace view shop.sale as select b, a from shop.line;\nselect 1;\nselect 2")
        for moment in [MigrationOptions.Checkpoint.Moment.statement(1), .statement(2), .finishing] {
            let error = try await bench.failure {
                $0.checkpoint = { checkpoint in
                    guard "\(checkpoint.moment)" == "\(moment)" else { return }
                    try await bench.execute("select pg_terminate_backend(\(checkpoint.backendPID), 5000)")
                }
            }
            #expect(error.exitCode == 69, "\(error)")
            #expect(try await bench.values(Self.state) == before)
        }
        #expect(try await bench.apply() == [Self.sale])
        #expect(try await bench.values("select attname from pg_attribute where attrelid = 'shop.sale'::regclass and attnum > 0 order by attnum") == ["b", "a"])
    }

    /// Somebody reads a dependent in a long transaction: the replacement waits its short turns and is tried again.
    @Test func aLongReaderOfADependentIsWaitedFor() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        let reader = try await bench.connect()
        try await reader.execute("begin; select * from shop.report")
        try bench.write(Self.sale, "create or replace view shop.sale as select b, a from shop.line")
        let error = try await bench.failure {
            $0.lockTimeout = .milliseconds(50)
            $0.lockRetries = 1
        }
        #expect(error.code == .busy && error.exitCode == 75, "\(error)")
        async let applied = bench.migrator { $0.lockTimeout = .milliseconds(50) }.apply()
        try await eventually("an attempt has failed") { bench.messages.contains("attempt 1 of 31") }
        try await reader.execute("commit")
        let report = try await applied
        #expect(report.applied.map(\.path) == [Self.sale] && report.applied[0].attempts > 1)
        await reader.close()
    }

    /// What is made again is what the files would make from nothing, and keeps what somebody has altered by hand.
    @Test func aDependentIsMadeByItsFilesStatement() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_shop.sql": "create schema shop; create table shop.line as select 1 as a, 2 as b",
            Self.sale: "create or replace view shop.sale as select a, b from shop.line",
            Self.report: """
            create or replace view shop.report as
            select * from shop.sale where b > 0 and (a between 0 and 9 and b > 1);
            create or replace view shop.altered as select * from shop.sale;
            """,
        ])
        try await bench.apply()
        try await bench.execute("alter view shop.altered set (security_barrier = true)")
        let definition = "select pg_get_viewdef('shop.report'::regclass)"
        let before = try #require(try await bench.value(definition))
        try bench.write(Self.sale, "create or replace view shop.sale as select b, a, 3 as c from shop.line")
        try await bench.apply()
        let columns = "select string_agg(attname, ' ' order by attnum) from pg_attribute where attnum > 0 and attrelid ="
        #expect(try await bench.value("\(columns) 'shop.report'::regclass") == "b a c")
        #expect(try await bench.value("\(columns) 'shop.altered'::regclass") == "a b")
        #expect(try await bench.value("select reloptions::text from pg_class where oid = 'shop.altered'::regclass") == "{security_barrier=true}")
        let condition = try #require(before.firstRange(of: "WHERE").map { before[$0.lowerBound...] })
        #expect(try await bench.value(definition)?.hasSuffix(condition) == true)
    }
}
