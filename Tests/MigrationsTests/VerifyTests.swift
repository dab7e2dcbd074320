import Foundation
import Postgres
import Testing

@testable import Migrations

/// What verify compares, and what it leaves alone.
@Suite(.timeLimit(.minutes(2))) struct VerifyTests {
    private func applied() async throws -> Bench {
        let bench = try await Bench.makeVaried()
        let owner = bench.owner
        try await bench.apply { $0.ownerRole = owner }
        return bench
    }

    @Test func nothingDiffersAfterAnApply() async throws {
        let bench = try await applied()
        let before = try await bench.values("select rolname::text || rolcreatedb from pg_roles where rolname like '\(bench.database)\\_%' order by 1")
        let report = try await bench.verify()
        #expect(report.isClean, "\(report)")
        // Nothing is left of it: no database, no role under another name.
        #expect(try await bench.values("select rolname::text || rolcreatedb from pg_roles where rolname like '\(bench.database)\\_%' order by 1") == before)
        #expect(try await bench.value("select count(*) from pg_roles where rolname like 'emporium\\_aside%' and rolname like '%\(bench.database)%'") == "0")
    }

    /// Reading a view's definition opens its tables.
    @Test func whoeverLocksATableIsNamed() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_a.sql": "create table a (b int); create view v as select b from a"
        ])
        try await bench.apply()
        let holder = try await bench.connect()
        try await holder.execute("begin; lock table a in access exclusive mode")
        for prepared in [false, true] {
            if prepared { try await holder.execute("prepare transaction '\(bench.database) x'") }
            let migrator = try bench.migrator { $0.lockWait = .milliseconds(300); $0.lockTimeout = .milliseconds(300) }
            let error = try await #require(throws: MigrationError.self) { try await migrator.verify() }
            #expect(error.code == .busy && error.exitCode == 75 && error.server?.sqlState == "55P03", "\(error)")
            let name = prepared ? "the prepared transaction \(bench.database) x" : "pid \(holder.backendPID)"
            #expect(error.description.contains("a, held by \(name), user postgres"), "\(error)")
        }
        try await holder.execute("rollback prepared '\(bench.database) x'")
        await holder.close()
        #expect(try await bench.migrator().verify().isClean)
    }

    @Test func membersThatAreNotOursAreNoDrift() async throws {
        let bench = try await applied()
        let login = "\(bench.database)_alice"
        try await bench.execute("create role \(login) login; grant \(bench.reader) to \(login)")
        #expect(try await bench.verify().isClean)
        // What is granted to her directly is.
        try await bench.execute("grant select on shop.orders to \(login)")
        #expect(
            try await bench.verify().differences.map { "\($0.difference)" }
                == ["table shop.orders: grant to \(login) should not be: SELECT"])
    }

    @Test func partitionsAndRowsAreNoDrift() async throws {
        let bench = try await applied()
        try await bench.execute(
            """
            set role \(bench.owner);
            create table shop.event_1 partition of shop.event for values from ('2025-01-01') to ('2026-01-01');
            create index on shop.event_1 (what);
            insert into shop.setting values ('x', 'y'); select nextval('shop.ticket');
            """)
        #expect(try await bench.verify().isClean)
    }

    @Test func commentsAndLayoutOfABodyAreNoDrift() async throws {
        let bench = try await applied()
        let path = "sql/functions/shop.stamp.sql"
        let text = try String(contentsOfFile: bench.root + "/" + path, encoding: .utf8)
        try bench.write(path, text.replacing("-- Sets the moment.", with: "-- When it was placed.\n\n").replacing("begin", with: "BEGIN"))
        let owner = bench.owner
        #expect(try await bench.apply { $0.ownerRole = owner }.isEmpty)
        #expect(try await bench.verify().isClean)
        try bench.write(path, text.replacing("new.placed := now()", with: "new.placed := 'today'"))
        let report = try await bench.verify()
        #expect(report.pending == [path, "sql/roles/90_grants.sql"])
        #expect(report.differences.map(\.difference.identity) == ["shop.stamp()"])
        #expect(report.differences.map(\.difference.aspect) == ["body"])
    }

    @Test func whatIsUnmanagedIsLeftOut() async throws {
        let bench = try await applied()
        try await bench.execute(
            """
            create schema source_one; create table source_one.t (id int primary key, c text default 'x');
            create function source_one.f() returns int language sql as 'select 1';
            create foreign data wrapper w; create server source_one foreign data wrapper w options (password 'secret');
            create user mapping for public server source_one options (password 'secret');
            create table shop.cache_1 (a int constraint cache_a_check check (a > 0));
            create table shop.cachet (a int);
            """)
        #expect(try await bench.verify().differences.count == 8)
        try bench.write(
            "sql/unmanaged",
            """
            # what comes and goes
            schema source_*   # with all in it
            server source_*
            foreign data wrapper w

            table shop.cache_?
            """)
        let report = try await bench.verify()
        #expect(report.differences.map { "\($0.difference)" } == ["table shop.cachet: extra"])
        #expect(!"\(report)".contains("secret"))
        try bench.write("sql/unmanaged", "\nschema\n")
        let error = try await #require(throws: MigrationError.self) { try await bench.verify() }
        #expect(error.exitCode == 78 && error.description.hasPrefix("sql/unmanaged:2: "), "\(error)")
    }

    @Test func invalidIndexesAreNamed() async throws {
        let bench = try await applied()
        try await bench.execute(
            """
            create index left_ccnew on shop.customer (note);
            create table shop.event_1 partition of shop.event for values from ('2025-01-01') to ('2026-01-01');
            create index event_1_what_idx on shop.event_1 (what);
            update pg_index set indisvalid = false
            where indexrelid in ('shop.left_ccnew'::regclass, 'shop.event_1_what_idx'::regclass, 'shop.orders_customer_id_idx'::regclass)
            """)
        let report = try await bench.verify()
        #expect(report.differences.map { "\($0.difference)" } == ["index shop.left_ccnew: extra"])
        #expect(
            report.invalidIndexes.map(\.mend) == [
                "reindex index concurrently shop.event_1_what_idx;", "drop index concurrently shop.left_ccnew;",
                "reindex index concurrently shop.orders_customer_id_idx;",
            ])
    }

    @Test func filesAndLedgerAreCompared() async throws {
        let bench = try await applied()
        try bench.write("migrations/0005_create_more.sql", "create table shop.more (a int);")
        try FileManager.default.removeItem(atPath: bench.root + "/sql/functions/shop.open_orders.sql")
        try bench.write(
            "sql/roles/90_grants.sql",
            try String(contentsOfFile: bench.root + "/sql/roles/90_grants.sql", encoding: .utf8)
                .replacing("shop.orders, shop.open_orders", with: "shop.orders"))
        try bench.write("migrations/0004_add_states.sql", "alter type shop.state add value 'gone'")
        try await bench.execute(
            """
            insert into ops.migration (path, kind, version, checksum, finished_at) values
              ('migrations/0009_from_later.sql', 'versioned', 9, repeat('a', 64), now());
            update ops.migration set finished_at = null where path like '%0002%'
            """)
        let report = try await bench.verify { $0.allowOutOfOrder = true }
        #expect(report.pending == ["migrations/0005_create_more.sql", "sql/roles/90_grants.sql"])
        #expect(report.missingFiles == ["sql/functions/shop.open_orders.sql"])
        #expect(report.unknownRows == ["migrations/0009_from_later.sql"])
        #expect(report.edited == ["migrations/0004_add_states.sql"])
        #expect(report.unfinished == ["migrations/0002_index_orders.sql"])
        // Against the files as they are, applied or not.
        #expect(
            report.differences.map { "\($0.difference)" } == [
                "type shop.state: labels is 'open', 'paid', 'shipped', should be 'open', 'paid', 'gone'",
                "table shop.more: missing", "view shop.open_orders: extra",
            ])
    }

    @Test func severalAtOnceDoNotDisturbEachOther() async throws {
        let bench = try await applied()
        try await bench.execute("alter role \(bench.reader) createdb")
        let reports = try await withThrowingTaskGroup(of: VerifyReport.self) { group in
            for _ in 0..<4 { group.addTask { try await bench.verify() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for report in reports {
            #expect(report.differences.map { "\($0.difference)" } == ["role \(bench.reader): createdb is yes, should be no"])
        }
    }

    @Test func aUserWithoutSuperuserCanVerify() async throws {
        let bench = try await Bench.makeVaried()
        let user = "\(bench.database)_deploy"
        try await bench.execute("create role \(user) login createrole; alter database \(bench.database) owner to \(user)")
        var deploy = bench.superuser
        deploy.overrides["user"] = user
        let owner = bench.owner
        // The owner's role is taken on by whoever migrates.
        let roles = try String(contentsOfFile: bench.root + "/sql/roles/00_roles.sql", encoding: .utf8)
        try bench.write(
            "sql/roles/00_roles.sql",
            roles.replacing(
                "alter default",
                with: "do $$ begin execute format('grant \(owner) to %I', current_user); end $$;\nalter default"))
        try await bench.migrator(as: deploy) { $0.ownerRole = owner }.apply()
        let migrator = try bench.migrator(as: deploy) { $0.ownerRole = owner }
        let refusal = try await #require(throws: MigrationError.self) { try await migrator.verify() }
        #expect(refusal.exitCode == 78 && refusal.description.contains("createdb"), "\(refusal)")
        try await bench.execute("alter role \(user) createdb")
        let clean = try await migrator.verify()
        #expect(clean.isClean, "\(clean.differences)")
        try await bench.execute("alter role \(bench.writer) bypassrls; grant delete on shop.orders to \(bench.reader)")
        #expect(
            try await migrator.verify().differences.map { "\($0.difference)" } == [
                "role \(bench.writer): bypassrls is yes, should be no",
                "table shop.orders: grant to \(bench.reader) is DELETE, SELECT, should be SELECT",
            ])
        // Somebody else who compares: who applied is known from the ledger.
        let report = try await bench.verify()
        #expect(report.differences.count == 2, "\(report.differences)")
    }
}
