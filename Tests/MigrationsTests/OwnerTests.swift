import Postgres
import Testing

@testable import Migrations

/// Who runs what, and owns what it made.
@Suite(.timeLimit(.minutes(1))) struct OwnerTests {
    private static func files(_ owner: String) -> [String: String] {
        [
            "sql/roles/00_roles.sql": """
            do $$
            begin
              if not exists (select from pg_roles where rolname = '\(owner)') then
                create role \(owner) nologin;
              end if;
              execute format('grant \(owner) to %I', current_user);
              execute format('grant create on database %I to \(owner)', current_database());
            end $$;
            alter schema ops owner to \(owner);
            """,
            "migrations/0001_create_shop.sql": """
            create schema shop;
            create table shop.article (sku text);
            """,
            "migrations/0002_index_article.sql": """
            -- migrate: no-transaction
            create unique index concurrently article_sku_key on shop.article (sku);
            """,
            "sql/functions/shop.who.sql": """
            create or replace function shop.who() returns name language sql security definer
            set search_path = pg_catalog, pg_temp begin atomic select current_user; end
            """,
            "sql/roles/90_grants.sql":
                "create table if not exists public.granted_by as select current_user::text as who",
        ]
    }

    private func expectOwned(_ bench: Bench, by user: String) async throws {
        #expect(try await bench.value("select shop.who()") == bench.owner)
        let owners = try await bench.values(
            """
            select distinct relowner::regrole::text from pg_class
            where relnamespace = 'shop'::regnamespace
            """)
        #expect(owners == [bench.owner])
        #expect(try await bench.value("select who from public.granted_by") == user)
        #expect(
            try await bench.value("select relowner::regrole::text from pg_class where oid = 'ops.migration'::regclass")
                == user)
        #expect(try await bench.values("select distinct applied_by::text from ops.migration") == [user])
    }

    @Test func theOwnerRoleOwnsWhatIsMade() async throws {
        let bench = try await Bench.make()
        for (path, text) in Self.files(bench.owner) { try bench.write(path, text) }
        let owner = bench.owner
        #expect(try await bench.apply { $0.ownerRole = owner }.count == 5)
        try await expectOwned(bench, by: "postgres")
        #expect(try await bench.apply { $0.ownerRole = owner }.isEmpty)
    }

    @Test func aUserWithoutSuperuserCanApply() async throws {
        let bench = try await Bench.make()
        let user = "\(bench.database)_deploy"
        try await bench.execute(
            """
            create role \(user) login createrole;
            alter database \(bench.database) owner to \(user);
            revoke create on schema public from public;
            grant create on schema public to \(user);
            """)
        for (path, text) in Self.files(bench.owner) { try bench.write(path, text) }
        var deploy = bench.superuser
        deploy.overrides["user"] = user
        let owner = bench.owner
        let first = try await bench.migrator(as: deploy) { $0.ownerRole = owner }.apply()
        #expect(first.applied.count == 5)
        try await expectOwned(bench, by: user)
        #expect(try await bench.migrator(as: deploy) { $0.ownerRole = owner }.apply().applied.isEmpty)
        try bench.write("migrations/0003_add_price.sql", "alter table shop.article add price numeric")
        let second = try await bench.migrator(as: deploy) { $0.ownerRole = owner }.apply()
        #expect(second.applied.map(\.path) == ["migrations/0003_add_price.sql", "sql/roles/90_grants.sql"])
    }

    @Test func aConfiguredRoleIsTheConnectingUser() async throws {
        let bench = try await Bench.make()
        for (path, text) in Self.files(bench.owner) { try bench.write(path, text) }
        let admin = "\(bench.database)_admin"
        try await bench.execute(
            "create role \(admin) createrole; alter database \(bench.database) owner to \(admin); grant create on schema public to \(admin)"
        )
        let owner = bench.owner
        try await bench.migrator(as: bench.superuser.asRole(admin)) { $0.ownerRole = owner }.apply()
        #expect(try await bench.value("select who from public.granted_by") == admin)
        #expect(
            try await bench.value("select relowner::regrole::text from pg_class where oid = 'ops.migration'::regclass")
                == admin)
        #expect(try await bench.value("select shop.who()") == bench.owner)
    }

    @Test func aMissingOwnerRoleIsSaid() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a ()"])
        let error = try await bench.failure { $0.ownerRole = "nobody_there" }
        #expect(error.code == .configuration && error.exitCode == 78)
        #expect(error.description.contains("the owner role nobody_there does not exist"))
        #expect(try await bench.value("select count(*) from ops.migration") == "0")
    }

    @Test func anOwnerRoleThatMayNotBeTakenIsSaid() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a ()"])
        let user = "\(bench.database)_deploy"
        try await bench.execute(
            "create role \(user) login; create role \(bench.owner); grant create on database \(bench.database) to \(user)"
        )
        var deploy = bench.superuser
        deploy.overrides["user"] = user
        let owner = bench.owner
        let migrator = try bench.migrator(as: deploy) { $0.ownerRole = owner }
        let error = try await #require(throws: MigrationError.self) { try await migrator.apply() }
        #expect(error.description.contains("\(user) may not become the owner role \(owner)"), "\(error)")
    }

    @Test func aLedgerOfSomebodyElseIsSaid() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a ()"])
        try await bench.apply()
        let user = "\(bench.database)_deploy"
        try await bench.execute("create role \(user) login")
        var deploy = bench.superuser
        deploy.overrides["user"] = user
        let migrator = try bench.migrator(as: deploy)
        let error = try await #require(throws: MigrationError.self) { try await migrator.apply() }
        #expect(error.exitCode == 78 && error.description.contains("ops"), "\(error)")
    }
}
