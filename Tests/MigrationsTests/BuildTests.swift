import Foundation
import Postgres
import Testing

@testable import Migrations

/// All files in one transaction on an empty database.
@Suite(.timeLimit(.minutes(1))) struct BuildTests {
    /// Builds on the bench's own, empty database and rolls back.
    private func build<T: Sendable>(
        _ bench: Bench, upTo target: Int? = nil, kinds: Set<MigrationKind> = Set(MigrationKind.allCases),
        _ look: (Connection) async throws -> T
    ) async throws -> T {
        let connection = try await bench.connect()
        do {
            try await bench.migrator().build(in: connection, upTo: target, kinds: kinds)
            let value = try await look(connection)
            try await connection.execute("rollback")
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    private func value(_ sql: String, _ connection: Connection) async throws -> String? {
        try await connection.query(sql).first?[0]
    }

    @Test func whatItMakesIsThereUntilItIsRolledBack() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_a.sql": "create table a (id int); insert into a values (1)",
            "migrations/0002_index_a.sql": "-- migrate: no-transaction\ncreate unique index concurrently a_id_key on a (id)",
            "migrations/0003_vacuum_a.sql": "-- migrate: no-transaction\nvacuum a",
            "migrations/0004_create_b.sql": "create table b ()",
            "sql/functions/f.sql": "create or replace function f() returns bigint language sql begin atomic select count(*) from a; end",
        ])
        try await build(bench) { (connection: Connection) async throws -> Void in
            #expect(try await value("select f()", connection) == "1")
            #expect(try await value("select indisvalid from pg_index where indexrelid = 'a_id_key'::regclass", connection) == "t")
            #expect(try await value("select count(*) from ops.migration where finished_at is not null", connection) == "5")
            #expect(await connection.inTransaction)
        }
        #expect(try await bench.value("select to_regnamespace('ops') is null and to_regclass('a') is null") == "t")
        try await build(bench, upTo: 3, kinds: [.versioned]) { (connection: Connection) async throws -> Void in
            #expect(try await value("select to_regclass('b') is null and to_regclass('a') is not null", connection) == "t")
            #expect(try await value("select count(*) from ops.migration", connection) == "3")
        }
    }

    @Test func eachFileFindsASessionAsNew() async throws {
        let bench = try await Bench.make([
            "migrations/0001_set_everything.sql": """
            create schema hidden; create role BENCH_role; grant create on schema hidden to BENCH_role;
            set search_path = hidden; set local work_mem = '7MB'; set local role BENCH_role;
            create temporary table kept (a int); prepare p as select 1; declare c cursor with hold for select 1;
            select set_config('app.who', 'me', false);
            """.replacing("BENCH", with: "build_\(UInt32.random(in: 0 ... .max))"),
            "migrations/0002_look_around.sql": """
            do $$
            begin
              if current_setting('search_path') = 'hidden' or current_setting('work_mem') = '7MB' or current_user <> session_user
                or to_regclass('pg_temp.kept') is not null or exists (select from pg_prepared_statements)
                or exists (select from pg_cursors) or current_setting('app.who', true) = 'me' then
                raise 'something was left';
              end if;
            end $$
            """,
        ])
        try await build(bench) { _ in }
    }

    @Test func deferredConstraintsAreCheckedAfterEachFile() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_tree.sql": """
            create table tree (id int constraint tree_id_pkey primary key,
              parent int constraint tree_parent_fkey references tree deferrable initially deferred);
            """,
            // The child before its parent: only at the end of the file does it have to be right.
            "migrations/0002_plant_tree.sql": "insert into tree values (2, 1); insert into tree values (1, null);",
            // Pending checks would forbid it.
            "migrations/0003_alter_tree.sql": "alter table tree add column name text",
            "migrations/0004_plant_again.sql": "insert into tree values (4, 3); insert into tree values (3, null);",
        ])
        let planted = try await build(bench) { try await value("select count(*) from tree", $0) }
        #expect(planted == "4")
        try bench.write("migrations/0005_break_tree.sql", "select 1;\ninsert into tree values (5, 99)")
        let error = try await #require(throws: MigrationError.self) { try await build(bench) { _ in } }
        #expect(error.path == "migrations/0005_break_tree.sql" && error.server?.sqlState == "23503", "\(error)")
    }

    @Test(arguments: [
        ("-- migrate: no-transaction\n\ncreate database somewhere", 3),
        ("-- migrate: no-transaction\nalter system set work_mem = '4MB'", 2),
        ("select 1;\ncreate procedure commits() language plpgsql as $$ begin commit; end $$;\ncall commits()", 3),
    ]) func whatCannotRunWithTheOthersIsNamed(text: String, line: Int) async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_a.sql": "create table a (id int)", "migrations/0002_stand_alone.sql": text,
        ])
        let error = try await #require(throws: MigrationError.self) { try await build(bench) { _ in } }
        #expect(error.code == .configuration && error.exitCode == 78, "\(error)")
        #expect(error.description.hasPrefix("migrations/0002_stand_alone.sql:\(line)"), "\(error)")
    }

    @Test func anErrorIsShownInItsPlace() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a (id int);\nselect nope from a"])
        let error = try await #require(throws: MigrationError.self) { try await build(bench) { _ in } }
        #expect(error.code == .statementFailed && error.line == 2 && error.column == 8, "\(error)")
        #expect(error.description.contains("nothing was changed"))
    }

    @Test(arguments: [
        ("create unique index concurrently if not exists i on t (a)", "create unique index  if not exists i on t (a)"),
        ("CREATE INDEX /* concurrently */ CONCURRENTLY i ON t (\"concurrently\")", "CREATE INDEX /* concurrently */  i ON t (\"concurrently\")"),
        ("drop index concurrently if exists s.i", "drop index  if exists s.i"),
        ("alter table t detach partition p concurrently", "alter table t detach partition p "),
        ("reindex (verbose) index concurrently s.i", "reindex (verbose) index  s.i"),
        ("create index i on t (concurrently)", "create index i on t (concurrently)"),
        ("select 'create index concurrently'", "select 'create index concurrently'"),
        ("créate", "créate"),
    ]) func theWordConcurrentlyIsLeftOut(text: String, expected: String) throws {
        #expect(try SQLScript("  \(text);").statements[0].textInTransaction == expected)
    }
}
