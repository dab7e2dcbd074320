import Postgres
import Synchronization
import Testing

@testable import Migrations

/// What a rehearsal reports, and that nothing of it stays.
@Suite struct RehearseTests {
    typealias How = RehearsalReport.How

    private static let base = [
        "migrations/0001_create_sale.sql": """
        create schema shop;
        create table shop.sale (id int primary key, amount int, note text);
        insert into shop.sale select n, n, 'n' from generate_series(1, 500) n;
        """,
        "sql/functions/10_shop/shop.totals.sql": "create or replace view shop.totals as select sum(amount) as total from shop.sale;",
    ]

    private func applied(_ files: [String: String] = base) async throws -> Bench {
        let bench = try await Bench.make(files)
        try await bench.apply()
        return bench
    }

    /// Everything that a rehearsal might leave: the catalog with its grants, rows, roles by name, positions of sequences.
    private func state(_ bench: Bench) async throws -> [String] {
        let connection = try await bench.connect()
        let snapshot = try await CatalogSnapshot.take(connection)
        await connection.close()
        let objects = snapshot.objects.filter { !["role", "membership"].contains($0.key.kind) }
        let lines = objects.map { "\($0.key.kind) \($0.key.identity) \($0.value.sorted { $0.key < $1.key })" }.sorted()
        return lines
            + (try await bench.values(
                """
                select path || checksum from ops.migration
                union all select r::text from pg_roles r where rolname ~ '^\(bench.database)_'
                union all select format('%s %s', sequencename, last_value) from pg_sequences where schemaname <> 'ops'
                order by 1
                """))
    }

    private func file(_ report: RehearsalReport, _ path: String) throws -> RehearsalReport.File {
        try #require(report.files.first { $0.path == path }, "\(report.files.map(\.path))")
    }

    /// A rehearsal, and the database that it worked in.
    private func rehearse(
        _ bench: Bench, _ how: How?, _ adjust: (inout MigrationOptions) -> Void = { _ in }
    ) async throws -> (report: RehearsalReport, database: String?) {
        let place = Mutex<String?>(nil)
        let superuser = bench.superuser
        let migrator = try bench.migrator { options in
            options.checkpoint = { checkpoint in
                guard place.withLock({ $0 == nil }) else { return }
                let connection = try await Connection.connect(superuser.database("postgres"))
                let name = try await connection.query(
                    "select datname from pg_stat_activity where pid = $1::integer", [.int(Int64(checkpoint.backendPID))])
                place.withLock { $0 = name.first?.text("datname") }
                await connection.close()
            }
            adjust(&options)
        }
        let report = try await migrator.rehearse(how: how)
        return (report, place.withLock { $0 })
    }

    @Test(arguments: How.allCases) func everythingIsSeenAndNothingStays(_ how: How) async throws {
        let bench = try await applied()
        let role = "\(bench.database)_seller"
        try bench.write("sql/roles/00_roles.sql", "create role \(role);")
        try bench.write(
            "migrations/0002_change_sale.sql",
            """
            alter table shop.sale add column colour text;

            alter table shop.sale alter column id type bigint;
            update shop.sale set note = 'seen' where id <= 7;
            create table shop.tag (id int primary key, sale_id bigint references shop.sale);
            """)
        try bench.write(
            "sql/functions/10_shop/shop.totals.sql",
            "create or replace view shop.totals as select sum(amount) as total, count(*) as sales from shop.sale;")
        try bench.write("sql/roles/90_grants.sql", "grant usage on schema shop to \(role); grant select on shop.sale to \(role);")
        let before = try await state(bench)
        let (report, database) = try await rehearse(bench, how)
        #expect(report.how == how && report.failure == nil)
        #expect((database == bench.database) == (how == .transaction))
        #expect(
            report.files.map(\.path) == [
                "sql/roles/00_roles.sql", "migrations/0002_change_sale.sql", "sql/functions/10_shop/shop.totals.sql",
                "sql/roles/90_grants.sql",
            ])
        #expect(report.files.allSatisfy { $0.outcome == .rehearsed && $0.attempts == 1 })

        let change = try file(report, "migrations/0002_change_sale.sql").statements
        #expect(change.map(\.line) == [1, 3, 4, 5])
        #expect(change[0].locks == [.init(relation: "shop.sale", mode: .accessExclusive)] && change[0].rewritten.isEmpty)
        #expect(change[1].rewritten == ["shop.sale"])
        #expect(change[1].scans.first?.relation == "shop.sale" && (change[1].scans.first?.rows ?? 0) >= 500)
        #expect(change[2].rows == 7 && change[2].changes == [.init(relation: "shop.sale", inserted: 0, updated: 7, deleted: 0)])
        #expect(change[3].locks.allSatisfy { $0.relation == "shop.sale" || $0.relation == "shop.sale_pkey" })
        let view = try file(report, "sql/functions/10_shop/shop.totals.sql").statements
        #expect(view[0].locks.contains(.init(relation: "shop.totals", mode: .accessExclusive)))

        let differences = try #require(report.differences)
        #expect(differences.contains { $0.kind == "table" && $0.identity == "shop.tag" && $0.change == .extra })
        #expect(differences.contains { $0.kind == "column" && $0.identity == "shop.sale.colour" && $0.change == .extra })
        #expect(differences.contains { $0.kind == "column" && $0.identity == "shop.sale.id" && $0.change == .changed })
        #expect(differences.contains { $0.kind == "role" && $0.identity == role && $0.change == .extra })
        #expect(differences.contains { $0.kind == "table" && $0.identity == "shop.sale" && $0.aspect?.contains(role) == true })

        #expect(try await state(bench) == before)
        #expect(try await bench.values("select rolname from pg_roles where rolname = '\(role)'").isEmpty)
        if how == .clone {
            #expect(report.notices.contains { $0.contains("sql/roles/00_roles.sql") && $0.contains("roles") })
            #expect(try await bench.values("select datname from pg_database where datname = '\(database ?? "")'").isEmpty)
        }
        // And it was no lie.
        #expect(try await bench.apply().count == 4)
        #expect(try await rehearse(bench, how).report.files.isEmpty)
    }

    @Test(arguments: How.allCases) func aFailureIsLocated(_ how: How) async throws {
        let bench = try await applied()
        try bench.write("migrations/0002_add_colour.sql", "alter table shop.sale add column colour text;")
        try bench.write("migrations/0003_break_it.sql", "select 1;\n\nselect colour,\n  nope from shop.sale;")
        try bench.write("migrations/0004_add_size.sql", "alter table shop.sale add column size text;")
        let before = try await state(bench)
        let (report, database) = try await rehearse(bench, how)
        let failure = try #require(report.failure)
        #expect(failure.path == "migrations/0003_break_it.sql" && failure.line == 4 && failure.column == 3)
        #expect(failure.exitCode == 1 && failure.description.contains("nope from shop.sale"), "\(failure)")
        #expect(report.files.map(\.outcome) == [.rehearsed, .failed] && report.differences == nil)
        #expect(try await state(bench) == before)
        #expect(
            try await bench.values("select 1 from pg_database where datname = '\(database ?? "")' and datname <> '\(bench.database)'")
                .isEmpty)
    }

    @Test func whoIsConnectedIsNamed() async throws {
        let bench = try await applied()
        try bench.write("migrations/0002_add_colour.sql", "alter table shop.sale add column colour text;")
        var place = bench.superuser
        place.applicationName = "the clerk"
        let clerk = try await Connection.connect(place)
        let (report, _) = try await rehearse(bench, nil)
        #expect(report.how == .transaction && report.failure == nil)
        #expect(report.notices.first?.contains("pid \(clerk.backendPID), user postgres, application the clerk") == true)
        #expect(bench.messages.contains("the clerk"))
        let migrator = try bench.migrator()
        let error = try await #require(throws: MigrationError.self) { try await migrator.rehearse(how: .clone) }
        #expect(error.exitCode == 75 && "\(error)".contains("pid \(clerk.backendPID)"), "\(error)")
        #expect("\(error)".contains("--how transaction"))
        await clerk.close()
        #expect(try await rehearse(bench, nil).report.how == .clone)
    }

    @Test func withoutTheRightToMakeDatabases() async throws {
        let bench = try await applied()
        let deployer = "\(bench.database)_deployer"
        try await bench.execute(
            """
            create role \(deployer) login; grant create on database \(bench.database) to \(deployer);
            alter schema shop owner to \(deployer); alter table shop.sale owner to \(deployer);
            alter view shop.totals owner to \(deployer);
            alter schema ops owner to \(deployer); alter table ops.migration owner to \(deployer);
            alter table ops.migration_object owner to \(deployer); alter table ops.migration_event owner to \(deployer);
            """)
        try bench.write("migrations/0002_add_colour.sql", "alter table shop.sale add column colour text;")
        var user = bench.superuser
        user.overrides["user"] = deployer
        let migrator = try bench.migrator(as: user)
        let report = try await migrator.rehearse()
        #expect(report.how == .transaction && report.failure == nil)
        #expect(report.notices.first?.contains("permission denied to create database") == true, "\(report.notices)")
        let error = try await #require(throws: MigrationError.self) { try await migrator.rehearse(how: .clone) }
        #expect(error.exitCode == 78 && "\(error)".contains("createdb"), "\(error)")

        // With it, and as the owner of the database, a copy serves; the files find it furnished like the original.
        try await bench.execute(
            """
            alter role \(deployer) createdb; alter database \(bench.database) owner to \(deployer);
            revoke temporary on database \(bench.database) from public;
            alter database \(bench.database) set search_path = shop, "a b";
            alter database \(bench.database) set work_mem = '5MB';
            """)
        try bench.write(
            "migrations/0003_check_place.sql",
            """
            do $$ begin
              assert current_setting('search_path') = 'shop, "a b"', current_setting('search_path');
              assert current_setting('work_mem') = '5MB';
              assert not has_database_privilege('public', current_database(), 'temporary');
              assert has_database_privilege('public', current_database(), 'connect');
              assert (select pg_get_userbyid(datdba) from pg_database where datname = current_database()) = '\(deployer)';
            end $$;
            """)
        let copied = try await bench.migrator(as: user).rehearse(how: .clone)
        #expect(copied.failure == nil && copied.notices.isEmpty, "\(copied.failure.map { "\($0)" } ?? ""), \(copied.notices)")
        #expect(copied.files.count == 2)
    }

    @Test func aConcurrentBuildRunsInACopyOnly() async throws {
        let bench = try await applied()
        try bench.write(
            "migrations/0002_index_sale.sql",
            "-- migrate: no-transaction\ncreate index concurrently sale_amount_idx on shop.sale (amount);")
        try bench.write("migrations/0003_comment_index.sql", "comment on schema shop is 'sells';")
        let copied = try await rehearse(bench, .clone).report
        #expect(copied.failure == nil && copied.files.map(\.outcome) == [.rehearsed, .rehearsed])
        #expect(copied.files[0].statements.first?.line == 2)
        #expect(copied.differences?.contains { $0.kind == "index" && $0.identity.contains("sale_amount_idx") } == true)

        let inPlace = try await rehearse(bench, .transaction).report
        #expect(inPlace.failure == nil && inPlace.files.map(\.outcome) == [.notRehearsed, .rehearsed])
        #expect(inPlace.files[0].why?.contains("outside of a transaction") == true)

        // Roles outlive a copy: nothing is committed there after a file has changed them.
        try bench.write("sql/roles/00_roles.sql", "create role \(bench.database)_x;")
        let held = try await rehearse(bench, .clone).report
        #expect(held.failure == nil && held.files.map(\.outcome) == [.rehearsed, .notRehearsed, .rehearsed])
        #expect(try await bench.values("select to_regclass('shop.sale_amount_idx')::text") == ["null"])
        #expect(try await bench.values("select 1 from pg_roles where rolname = '\(bench.database)_x'").isEmpty)
    }

    @Test func whatNeedsACommitIsRehearsedInACopyAndNamedElsewhere() async throws {
        var files = Self.base
        files["migrations/0001_create_sale.sql"]! += "create type shop.state as enum ('open');"
        files["sql/roles/00_roles.sql"] = "select 1;"
        let bench = try await applied(files)
        // A role file that changes nothing does not keep a copy from committing.
        try bench.write("sql/roles/00_roles.sql", "alter role postgres superuser; comment on role postgres is null;")
        try bench.write("migrations/0002_extend_state.sql", "alter type shop.state add value 'closed';")
        try bench.write("migrations/0003_use_state.sql", "create table shop.day (s shop.state default 'closed'::shop.state);")
        let copied = try await rehearse(bench, .clone).report
        #expect(copied.failure == nil && copied.files.allSatisfy { $0.outcome == .rehearsed }, "\(copied.notices)")
        let inPlace = try await rehearse(bench, .transaction).report
        #expect(inPlace.failure == nil && inPlace.files.map(\.outcome) == [.rehearsed, .rehearsed, .notRehearsed])
        #expect(inPlace.files[2].why?.contains("enum") == true)
        // Within one file it fails in an apply, too.
        try bench.write("migrations/0003_use_state.sql", "alter type shop.state add value 'shut'; select 'shut'::shop.state;")
        #expect(try await rehearse(bench, .transaction).report.failure?.server?.sqlState == "55P04")
        #expect(try await rehearse(bench, .clone).report.failure?.server?.sqlState == "55P04")
    }

    @Test(arguments: How.allCases) func deferredConstraintsAreCheckedAfterEachFile(_ how: How) async throws {
        let bench = try await applied()
        try bench.write(
            "migrations/0002_create_parts.sql",
            """
            create table shop.part (id int primary key, sale_id int references shop.sale deferrable initially deferred);
            insert into shop.part values (1, 0);
            insert into shop.sale values (0, 0, '');
            """)
        // Pending checks would not let the table be altered; and a constraint made only now is deferred as declared.
        try bench.write(
            "migrations/0003_alter_parts.sql",
            """
            alter table shop.part add column colour text;
            alter table shop.sale add column part_id int
              constraint sale_part_id_fkey references shop.part deferrable initially deferred;
            insert into shop.sale values (-1, 0, '', 9);
            insert into shop.part values (9, -1);
            """)
        let fine = try await rehearse(bench, how).report
        #expect(fine.failure == nil, "\(fine.failure.map { "\($0)" } ?? "")")
        try bench.write("migrations/0004_break_parts.sql", "insert into shop.part values (2, 777);")
        let broken = try await rehearse(bench, how).report
        #expect(broken.failure?.path == "migrations/0004_break_parts.sql" && broken.failure?.server?.sqlState == "23503")
    }

    @Test func sequencesAreNotSetInTheDatabaseItself() async throws {
        var files = Self.base
        files["migrations/0001_create_sale.sql"]! += "create sequence shop.number;"
        let bench = try await applied(files)
        try bench.write("migrations/0002_set_number.sql", "select setval('shop.number', 1000);")
        try bench.write(
            "sql/functions/10_shop/shop.skip.sql",
            "create or replace function shop.skip() returns bigint language sql as $$ select setval('shop.number', 5) $$;")
        let before = try await state(bench)
        let inPlace = try await rehearse(bench, .transaction).report
        #expect(inPlace.files.map(\.outcome) == [.notRehearsed, .rehearsed], "\(inPlace.files.map(\.why))")
        #expect(try await rehearse(bench, .clone).report.files.allSatisfy { $0.outcome == .rehearsed })
        #expect(try await state(bench) == before)
    }

    @Test(arguments: How.allCases) func whatAnApplyMakesAgainIsMadeAgain(_ how: How) async throws {
        var files = Self.base
        files["sql/functions/10_shop/shop.rate.sql"] =
            "create or replace function shop.rate(p int) returns int language sql as $$ select p $$;"
        files["sql/functions/20_use/shop.rates.sql"] = "create or replace view shop.rates as select shop.rate(1) as rate;"
        let bench = try await applied(files)
        // A ledger of an earlier release: who made what is found out under the rehearsal's own transaction.
        try await bench.execute("delete from ops.migration_object")
        try bench.write(
            "sql/functions/10_shop/shop.rate.sql",
            "create or replace function shop.rate(p int) returns bigint language sql as $$ select p::bigint $$;")
        try bench.write(
            "sql/functions/20_use/shop.rates.sql", "create or replace view shop.rates as select shop.rate(1) as rate, 2 as other;")
        let before = try await state(bench)
        let report = try await rehearse(bench, how).report
        #expect(report.failure == nil, "\(report.failure.map { "\($0)" } ?? "")")
        #expect(
            report.files.map(\.path) == ["sql/functions/10_shop/shop.rate.sql", "sql/functions/20_use/shop.rates.sql"])
        #expect(report.files.allSatisfy { $0.statements.count == 1 })
        #expect(report.files.contains { !$0.remade.isEmpty })
        #expect(report.differences?.contains { $0.identity.hasPrefix("shop.rate(") } == true)
        #expect(try await state(bench) == before)
        #expect(try await bench.value("select count(*) from ops.migration_object") == "0")
        #expect(try await bench.apply().count == 2)
    }

    @Test func othersComeFirst() async throws {
        let bench = try await applied()
        try bench.write("migrations/0002_add_colour.sql", "alter table shop.sale add column colour text;")
        try bench.write("migrations/0003_take_long.sql", "select pg_sleep(60);")
        let before = try await state(bench)
        let reader = try await bench.connect()
        let migrator = try bench.migrator { $0.lockTimeout = .milliseconds(300) }
        let rehearsal = Task { try await migrator.rehearse(how: .transaction) }
        try await eventually("the rehearsal holds the table", within: .seconds(120)) {
            try await bench.value(
                "select 1 from pg_locks where relation = 'shop.sale'::regclass and mode = 'AccessExclusiveLock' and granted")
                == "1"
        }
        #expect(try await reader.query("select count(*) from shop.sale").first?[0] == "500")
        let result = await rehearsal.result
        let error = try #require(throws: MigrationError.self) { try result.get() }
        #expect(error.exitCode == 75 && "\(error)".contains("pid \(reader.backendPID)"), "\(error)")
        await reader.close()
        #expect(try await state(bench) == before)
    }

    @Test func oneMigratorAtATime() async throws {
        let bench = try await applied()
        try bench.write("migrations/0002_add_colour.sql", "alter table shop.sale add column colour text;")
        let lock = try await MigrationLock.acquire(
            bench.superuser, wait: .zero, logger: try bench.migrator().logger)
        let migrator = try bench.migrator { $0.lockWait = .milliseconds(50) }
        let error = try await #require(throws: MigrationError.self) { try await migrator.rehearse(how: .transaction) }
        #expect(error.code == .lockNotObtained)
        await lock.release()
        #expect(try await migrator.rehearse(how: .transaction).failure == nil)
    }

    @Test func theFirstFilesOfAllAreRehearsedToo() async throws {
        for how in How.allCases {
            let bench = try await Bench.make(Self.base)
            let (report, _) = try await rehearse(bench, how)
            #expect(report.failure == nil && report.files.count == 2)
            #expect(report.files.flatMap(\.statements).allSatisfy { $0.locks.isEmpty && $0.scans.isEmpty })
            #expect(try await bench.values("select nspname from pg_namespace where nspname in ('ops', 'shop')").isEmpty)
        }
    }

    @Test func aCancelledRehearsalLeavesNothing() async throws {
        for how in How.allCases {
            let bench = try await applied()
            try bench.write("migrations/0002_add_colour.sql", "alter table shop.sale add column colour text; select pg_sleep(60);")
            let before = try await state(bench)
            let pid = Mutex<Int32?>(nil)
            let migrator = try bench.migrator {
                $0.checkpoint = { checkpoint in pid.withLock { $0 = checkpoint.backendPID } }
            }
            let rehearsal = Task { try await migrator.rehearse(how: how) }
            try await eventually("it sleeps", within: .seconds(120)) {
                guard let pid = pid.withLock({ $0 }) else { return false }
                // Not from within the database, which would be in the way of its copy.
                let connection = try await Connection.connect(bench.superuser.database("postgres"))
                let rows = try await connection.query(
                    "select from pg_stat_activity where pid = $1::integer and wait_event = 'PgSleep'", [.int(Int64(pid))])
                await connection.close()
                return !rows.rows.isEmpty
            }
            rehearsal.cancel()
            await #expect(throws: (any Error).self) { try await rehearsal.value }
            #expect(try await state(bench) == before)
        }
    }
}
