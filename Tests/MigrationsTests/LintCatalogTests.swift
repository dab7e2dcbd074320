import Postgres
import Testing

@testable import Migrations

/// Each rule of the catalog bites on what it is for, and is silent on what is sound.
@Suite(.timeLimit(.minutes(2))) struct LintCatalogTests {
    /// The objects that a rule names after some SQL.
    private func objects(
        _ rule: LintRule, after sql: String, masked: MaskedViews? = nil
    ) async throws -> [String] {
        let bench = try await Bench.make()
        try await bench.execute(sql.replacing("<bench>", with: bench.database))
        let connection = try await bench.connect()
        let findings = try await Migrator.judgeCatalog(connection, masked)
        await connection.close()
        for finding in findings {
            #expect(finding.message.count > 10 && finding.mend?.isEmpty == false, "\(finding)")
        }
        return findings.filter { $0.rule == rule.rawValue }.compactMap(\.object).sorted()
    }

    @Test func aDefinerFunctionHasAPathOfItsOwn() async throws {
        let found = try await objects(
            .definerSearchPath,
            after: """
                create function bare(a int) returns int language sql security definer as 'select 1';
                create function users() returns int language sql security definer
                    set search_path = "$user", pg_catalog, pg_temp as 'select 1';
                create function open_end() returns int language sql security definer set search_path = pg_catalog as 'select 1';
                create function empty() returns int language sql security definer set search_path = '' as 'select 1';
                create function one_string() returns int language sql security definer
                    set search_path = 'pg_catalog, pg_temp' as 'select 1';
                create function behind() returns int language sql security definer
                    set search_path = public, pg_catalog, pg_temp as 'select 1';
                create procedure proc() language sql security definer as 'select 1';
                create function fine() returns int language sql security definer
                    set search_path = pg_catalog, public, pg_temp as 'select 1';
                create function fine_too() returns int language sql security definer set search_path = pg_temp as 'select 1';
                create function invoker() returns int language sql as 'select 1';
                """)
        #expect(
            found == [
                "public.bare(integer)", "public.behind()", "public.empty()", "public.one_string()", "public.open_end()",
                "public.proc()", "public.users()",
            ])
    }

    @Test func aViewReadsAsItsReader() async throws {
        let sql = """
            create role <bench>_masker;
            create schema show;
            create table people (id bigint primary key, name text);
            create view plain as select id from people;
            create view off with (security_invoker = false) as select id from people;
            create view barrier with (security_barrier) as select id from people;
            create view fine with (security_invoker = on) as select id from people;
            create view show.fine with (security_barrier = true) as select id from people;
            create view show.open as select id from people;
            create view show.other with (security_barrier) as select id from people;
            alter view show.fine owner to <bench>_masker;
            alter view show.open owner to <bench>_masker;
            """
        #expect(
            try await objects(.viewSecurityInvoker, after: sql)
                == ["public.barrier", "public.off", "public.plain", "show.fine", "show.open", "show.other"])
        // The role's name is the bench's: it comes from the database that the next one will be.
        let bench = try await Bench.make()
        try await bench.execute(sql.replacing("<bench>", with: bench.database))
        let connection = try await bench.connect()
        let findings = try await Migrator.judgeCatalog(
            connection, MaskedViews(schema: "show", owner: "\(bench.database)_masker"))
        await connection.close()
        let views = findings.filter { $0.rule == LintRule.viewSecurityInvoker.rawValue }
        #expect(
            views.compactMap(\.object).sorted()
                == ["public.barrier", "public.off", "public.plain", "show.open", "show.other"])
        #expect(views.first { $0.object == "show.open" }?.mend == "alter view show.open set (security_barrier = true)")
    }

    @Test func noGrantReachesPastTheParent() async throws {
        let found = try await objects(
            .partitionGrant,
            after: """
                create role <bench>_reader;
                create table log (id bigint, at date, primary key (id, at)) partition by range (at);
                create table log_1 partition of log for values from ('2026-01-01') to ('2026-02-01');
                create table log_2 partition of log for values from ('2026-02-01') to ('2026-03-01');
                create table log_3 partition of log for values from ('2026-03-01') to ('2026-04-01');
                grant select on log to <bench>_reader;
                grant select on log_1 to <bench>_reader;
                grant select (at) on log_2 to public;
                """)
        #expect(found == ["public.log_1", "public.log_2"])
    }

    @Test func aTableHasAPrimaryKey() async throws {
        let found = try await objects(
            .noPrimaryKey,
            after: """
                create table bare (id bigint unique not null);
                create table parted (id bigint) partition by range (id);
                create table parted_1 partition of parted for values from (0) to (9);
                create unlogged table fast (id bigint);
                create table fine (id bigint primary key);
                create view is_no_table with (security_invoker) as select 1 as one;
                """)
        #expect(found == ["public.bare", "public.fast", "public.parted"])
    }

    @Test func aSequenceDoesNotRunOut() async throws {
        let found = try await objects(
            .narrowKey,
            after: """
                create table a (id int generated always as identity primary key, amount int);
                create table b (id smallserial primary key);
                create table c (id bigserial primary key, day int default 3);
                create table d (id bigint generated by default as identity primary key);
                """)
        #expect(found == ["public.a.id", "public.b.id"])
    }

    @Test func aForeignKeyHasAnIndex() async throws {
        let found = try await objects(
            .unindexedForeignKey,
            after: """
                create table parent (id bigint primary key, a int, b int, unique (a, b));
                create table child (
                    one bigint constraint child_one references parent,
                    two bigint constraint child_two references parent,
                    three bigint constraint child_three references parent,
                    four bigint constraint child_four references parent,
                    five bigint constraint child_five references parent,
                    a int, b int, constraint child_ab foreign key (a, b) references parent (a, b));
                create index on child (two, one);
                create index on child (three) where three is not null;
                create index on child (four) where one > 5;
                create index on child using brin (five);
                create index on child (b, a, one);
                create table lines (at date, parent_id bigint constraint lines_parent references parent) partition by range (at);
                create table lines_1 partition of lines for values from ('2026-01-01') to ('2026-02-01');
                create table indexed (at date, parent_id bigint constraint indexed_parent references parent) partition by range (at);
                create table indexed_1 partition of indexed for values from ('2026-01-01') to ('2026-02-01');
                create index on indexed (parent_id);
                """)
        #expect(found == ["public.child.child_five", "public.child.child_four", "public.child.child_one", "public.lines.lines_parent"])
    }

    @Test func anInvalidIndexIsFound() async throws {
        let found = try await objects(
            .invalidIndex,
            after: """
                create table parted (id bigint) partition by range (id);
                create table parted_1 partition of parted for values from (0) to (9);
                create index lacking on only parted (id);
                create index whole on parted (id);
                create table twice (id bigint);
                create index half_built on twice (id);
                update pg_index set indisvalid = false where indexrelid = 'half_built'::regclass;
                """)
        #expect(found == ["public.half_built", "public.lacking"])
    }

    @Test func aConstraintIsValidated() async throws {
        let found = try await objects(
            .notValidatedConstraint,
            after: """
                create table t (id bigint primary key, a int, constraint t_fine check (a > 0));
                alter table t add constraint t_a_check check (a < 9) not valid;
                create table u (t_id bigint);
                alter table u add constraint u_t_fkey foreign key (t_id) references t not valid;
                create domain positive as int;
                alter domain positive add constraint positive_check check (value > 0) not valid;
                alter table t add constraint t_b_check check (a <> 5) not valid;
                alter table t validate constraint t_b_check;
                """)
        #expect(found == ["public.positive.positive_check", "public.t.t_a_check", "public.u.u_t_fkey"])
    }

    private static let closed = """
        create role <bench>_owner;
        revoke all on database <bench> from public;
        revoke all on schema public from public;
        revoke usage on language sql, plpgsql from public;
        grant usage on language sql, plpgsql to <bench>_owner;
        alter default privileges for role <bench>_owner revoke execute on functions from public;
        alter default privileges for role <bench>_owner revoke usage on types from public;
        create schema shop authorization <bench>_owner;
        set role <bench>_owner;
        create table shop.item (id bigint primary key);
        create type shop.colour as enum ('red');
        create function shop.f() returns int language sql as 'select 1';
        reset role;

        """

    @Test func nothingIsLeftToEverybody() async throws {
        #expect(try await objects(.publicPrivilege, after: Self.closed) == [])
        let found = try await objects(
            .publicPrivilege,
            after: Self.closed + """
                grant connect on database <bench> to public;
                grant usage on schema shop to public;
                grant select on shop.item to public;
                create table shop.part (id bigint primary key, name text);
                grant update (name) on shop.part to public;
                create sequence shop.number;
                grant usage on sequence shop.number to public;
                grant execute on function shop.f() to public;
                grant usage on type shop.colour to public;
                create domain shop.amount as numeric;
                grant usage on language plpgsql to public;
                """)
        #expect(
            found == [
                "database", "language plpgsql", "schema shop", "shop.f()", "shop.item", "shop.number", "shop.part.name",
                "type shop.amount", "type shop.colour",
            ])
        let later = try await objects(
            .publicPrivilege,
            after: Self.closed + """
                alter default privileges for role <bench>_owner in schema shop grant select on tables to public;
                create function shop.g() returns int language sql as 'select 1';
                revoke execute on function shop.g() from public;
                """)
        #expect(later.count == 2 && later.allSatisfy { $0.hasPrefix("default privileges of ") }, "\(later)")
        #expect(later.contains("default privileges of postgres"), "\(later)")
    }

    @Test func whatExtensionsMakeIsTheirs() async throws {
        let sql = "create schema ext; create extension pg_trgm schema ext; create extension pg_stat_statements schema ext"
        let found = try await objects(.publicPrivilege, after: Self.closed + sql)
        #expect(found == ["schema ext"] || found == [], "\(found)")
    }

    @Test func unclassifiedColumnsAreFoundWhereThereIsAClassification() async throws {
        #expect(try await objects(.unclassifiedColumn, after: "create table t (a int)") == [])
        let found = try await objects(
            .unclassifiedColumn,
            after: """
                create schema privacy;
                create view privacy.unclassified with (security_invoker) as
                    select 'shop' as schema_name, 'item' as table_name, 'name' as column_name, 'not classified' as fault;
                """)
        #expect(found == ["shop.item.name"])
    }
}
