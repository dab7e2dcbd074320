import Foundation
import Postgres
import Testing

@testable import Migrations

/// Squashing as a user who is no superuser. The rest is tested through the command, which finds pg_dump.
@Suite(.timeLimit(.minutes(1))) struct SquashTests {
    /// pg_dump's output by way of a file.
    private static func dump(_ request: Migrator.DumpRequest) async throws -> String {
        let place = try request.database.forPrograms()
        #expect(place.environment.isEmpty)
        let file = "\(NSTemporaryDirectory())emporium-squash-\(UInt64.random(in: 0 ... .max)).sql"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let program = try TestCluster.binaries() + "/pg_dump"
        try TestCluster.run(program, ["--dbname=\(place.conninfo)", "--file=\(file)"] + request.arguments)
        return try String(contentsOfFile: file, encoding: .utf8)
    }

    private static func files(_ owner: String) -> [String: String] {
        [
            "sql/roles/00_roles.sql": """
            do $$
            begin
              if not exists (select from pg_roles where rolname = '\(owner)') then
                create role \(owner) nologin;
              end if;
              if not pg_has_role(current_user, '\(owner)', 'member') then
                execute format('grant \(owner) to %I', current_user);
              end if;
              execute format('grant create on database %I to \(owner)', current_database());
            end $$;
            alter schema ops owner to \(owner);
            """,
            "migrations/0001_create_shop.sql": """
            create schema shop;
            create table shop.article (id bigint generated always as identity, sku text);
            insert into shop.article (sku) values ('a;b');
            """,
            "migrations/0002_index_article.sql": """
            -- migrate: no-transaction
            create unique index concurrently article_sku_key on shop.article (sku);
            """,
            "sql/roles/90_grants.sql": "revoke all on schema shop from public",
        ]
    }

    @Test func aUserWithoutSuperuserCanSquash() async throws {
        let bench = try await Bench.make()
        let (user, owner) = ("\(bench.database)_deploy", bench.owner)
        try await bench.execute(
            "create role \(user) login createrole createdb; alter database \(bench.database) owner to \(user)")
        for (path, text) in Self.files(owner) { try bench.write(path, text) }
        var deploy = bench.superuser
        deploy.overrides["user"] = user
        try await bench.migrator(as: deploy) { $0.ownerRole = owner }.apply()
        let report = try await bench.migrator(as: deploy) { $0.ownerRole = owner }
            .squash(to: 2, name: "create_base", dump: Self.dump)
        #expect(report.removed.count == 2 && report.isWritten)
        let taken = try await bench.migrator(as: deploy) { $0.ownerRole = owner }.apply()
        #expect(taken.applied.isEmpty && taken.squashed == [report.path])

        // Another database of the same owner comes to the same from empty.
        let other = "\(bench.database)_other"
        try await bench.execute("create database \(other) owner \(user) template template0")
        let applied = try await bench.migrator(as: deploy.database(other)) { $0.ownerRole = owner }.apply()
        #expect(applied.applied.map(\.path) == ["sql/roles/00_roles.sql", report.path, "sql/roles/90_grants.sql"])
        let connection = try await Connection.connect(bench.superuser.database(other))
        let row = try await connection.query(
            """
            select a.sku, pg_get_userbyid(c.relowner) as owner, i.indisvalid as valid
            from shop.article a, pg_class c, pg_index i
            where c.oid = 'shop.article'::regclass and i.indexrelid = 'shop.article_sku_key'::regclass
            """
        ).first
        await connection.close()
        #expect(row?.text("sku") == "a;b" && row?.text("owner") == owner && row?.bool("valid") == true)
    }

    @Test func whatIsOfTheClusterIsRefused() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_a.sql": "create table a ()",
            "migrations/0002_make_role.sql": "select 1;\ncreate role squash_probe nologin",
        ])
        let error = try await #require(throws: MigrationError.self) {
            try await bench.migrator().squash(to: 2, name: "create_base", dump: Self.dump)
        }
        #expect(error.code == .refused && error.description.contains("0002_make_role.sql:2:1"), "\(error)")
    }

    @Test func withoutTheRightToMakeDatabasesItSaysSo() async throws {
        let bench = try await Bench.make()
        let (user, owner) = ("\(bench.database)_deploy", bench.owner)
        try await bench.execute("create role \(user) login createrole; alter database \(bench.database) owner to \(user)")
        for (path, text) in Self.files(owner) { try bench.write(path, text) }
        var deploy = bench.superuser
        deploy.overrides["user"] = user
        try await bench.migrator(as: deploy) { $0.ownerRole = owner }.apply()
        let migrator = try bench.migrator(as: deploy) { $0.ownerRole = owner }
        let error = try await #require(throws: MigrationError.self) {
            try await migrator.squash(to: 2, name: "create_base", dump: Self.dump)
        }
        #expect(error.exitCode == 78 && error.description.contains("createdb"), "\(error)")
        #expect(FileManager.default.fileExists(atPath: bench.root + "/migrations/0001_create_shop.sql"))
    }

    @Test func aProgramGetsThePasswordAside() throws {
        let place = try ConnectionConfiguration(
            conninfo: "postgresql://me:se%27cret@h:5433/db?sslmode=disable", overrides: ["dbname": "it's \\ another"]
        ).forPrograms()
        #expect(place.environment == ["PGPASSWORD": "se'cret"] && !place.conninfo.contains("cret"))
        for part in ["host='h'", "port='5433'", "user='me'", "sslmode='disable'", "dbname='it\\'s \\\\ another'"] {
            #expect(place.conninfo.contains(part), "\(place.conninfo)")
        }
        #expect(try ConnectionConfiguration(conninfo: "db").forPrograms().conninfo.contains("dbname='db'"))
        #expect(throws: PostgresError.self) { try ConnectionConfiguration(conninfo: "host='x").forPrograms() }
    }
}
