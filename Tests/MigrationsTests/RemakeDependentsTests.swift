import Postgres
import Testing

@testable import Migrations

/// Every kind of thing that may depend on a function or view: made again as it was, or refused.
@Suite(.timeLimit(.minutes(1))) struct RemakeDependentsTests {
    static let file = "sql/functions/shop.rate.sql"
    static let old = "create or replace function shop.rate(p numeric) returns numeric language sql immutable return p"
    static let new =
        "create or replace function shop.rate(p_price numeric) returns numeric language sql immutable return p_price * 2"

    static func bench(_ dependents: String) async throws -> Bench {
        let bench = try await Bench.make([
            "migrations/0001_create_shop.sql":
                "create schema shop; create table shop.line (sku text, price numeric, tax numeric) partition by list (sku);",
            file: old,
        ])
        try await bench.apply()
        try await bench.execute(dependents)
        return bench
    }

    @Test func triggersPoliciesRulesAndDefaultsAreMadeAgain() async throws {
        let bench = try await Self.bench(
            """
            create table shop.line_a partition of shop.line for values in ('a');
            create table shop.line_b partition of shop.line for values in ('b');
            create function shop.t() returns trigger language plpgsql as $$ begin new.price := new.price + 1; return new; end $$;
            create trigger t100_rate before insert on shop.line for each row when (shop.rate(new.price) > 0) execute function shop.t();
            comment on trigger t100_rate on shop.line is 'adds 1';
            alter table shop.line_b disable trigger t100_rate;
            create constraint trigger t200_check after insert on shop.line for each row when (shop.rate(new.price) < 0)
              execute function shop.t();
            create table shop.plain (a numeric default shop.rate(7), b numeric);
            create trigger t1 before update of b on shop.plain for each row when (shop.rate(old.b) is distinct from new.b)
              execute function shop.t();
            alter table shop.plain enable always trigger t1;
            create trigger t2 before insert on shop.plain for each row when (shop.rate(new.b) > 0) execute function shop.t();
            alter table shop.plain enable replica trigger t2;
            alter table shop.plain enable row level security;
            create policy p1 on shop.plain as restrictive for update to postgres using (shop.rate(a) > 0) with check (shop.rate(b) > 0);
            create policy p2 on shop.plain for select to public using (shop.rate(a) > 0);
            comment on policy p1 on shop.plain is 'only good ones';
            create rule r1 as on delete to shop.plain where shop.rate(old.a) > 100 do instead nothing;
            comment on rule r1 on shop.plain is 'big ones stay';
            alter table shop.plain disable rule r1;
            create view shop.seen with (check_option = cascaded) as select a, b from shop.plain where shop.rate(a) > 0;
            alter view shop.seen alter column b set default 3;
            create trigger t3 instead of insert on shop.seen for each row execute function shop.t();
            create rule r2 as on update to shop.seen do instead nothing;
            """)
        let state = """
            select format('%s %s %s %s', tgrelid::regclass, tgenabled, pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger'))
              from pg_trigger where not tgisinternal
            union all
            select format('%s %s %s', polrelid::regclass, to_jsonb(p) - 'oid' - 'polqual' - 'polwithcheck',
              concat(pg_get_expr(polqual, polrelid), ' / ', pg_get_expr(polwithcheck, polrelid), ' / ', obj_description(oid, 'pg_policy')))
              from pg_policy p
            union all
            select format('%s %s %s', ev_enabled, pg_get_ruledef(r.oid), obj_description(r.oid, 'pg_rewrite'))
              from pg_rewrite r join pg_class c on c.oid = ev_class where relnamespace = 'shop'::regnamespace
            union all
            select format('%s %s %s', adrelid::regclass, adnum, pg_get_expr(adbin, adrelid)) from pg_attrdef
            union all
            select format('%s %s', oid::regclass, reloptions) from pg_class where relkind = 'v' and relnamespace = 'shop'::regnamespace
            order by 1
            """
        let before = try await bench.values(state)
        #expect(before.count > 15)
        try bench.write(Self.file, Self.new)
        let remade = try await bench.migrator().apply().applied[0].remade
        #expect(try await bench.values(state) == before)
        #expect(
            Set(remade) == [
                "function shop.rate(numeric)", "view shop.seen", "trigger t100_rate on table shop.line",
                "trigger t200_check on table shop.line", "trigger t1 on table shop.plain", "trigger t2 on table shop.plain",
                "trigger t3 on view shop.seen", "rule r1 on table shop.plain", "rule r2 on view shop.seen",
                "policy p1 on table shop.plain", "policy p2 on table shop.plain",
                "default value for column a of table shop.plain", "default value for column b of view shop.seen",
            ])
        try await bench.execute("insert into shop.plain default values")
        #expect(try await bench.value("select a from shop.plain") == "14")
    }

    static let refused = [
        ("create materialized view shop.m as select shop.rate(1) as r", "materialized view shop.m (its rows would be lost)"),
        ("create table shop.t (a numeric, b numeric generated always as (shop.rate(a)) stored)",
            "(the generated column would be computed again)"),
        ("create table shop.t (a numeric constraint t_a_check check (shop.rate(a) > 0))", "constraint t_a_check on table shop.t"),
        ("create table shop.t (a numeric); create index t_a_idx on shop.t (shop.rate(a))", "index shop.t_a_idx (the index would be built again)"),
        ("create domain shop.d as numeric check (shop.rate(value) > 0)", "constraint d_check"),
        ("create table shop.t (a numeric) partition by range (shop.rate(a))", "table shop.t (its rows, a column or its partition key are of it)"),
        ("create operator shop.## (rightarg = numeric, function = shop.rate)", "operator shop.##"),
        // By way of something that could be made again.
        ("create view shop.v as select shop.rate(1) as r; create table shop.t (a shop.v)", "data: table shop.t (its rows, a column or its partition key are of it)\n"),
        ("create view shop.v as select shop.rate(1) as r; create materialized view shop.m as select * from shop.v", "materialized view shop.m"),
        ("create function shop.add(numeric, numeric) returns numeric language sql immutable return shop.rate($1 + $2); create aggregate shop.sum(numeric) (sfunc = shop.add, stype = numeric)",
            "function shop.sum(numeric) (an aggregate is not made again)"),
    ]

    @Test(arguments: refused) func whatWouldLoseOrRewriteDataIsRefused(_ dependents: String, _ named: String) async throws {
        let bench = try await Self.bench(dependents)
        try bench.write(Self.file, "select 1;\n" + Self.new)
        let before = try await bench.values("select oid::text from pg_proc union all select oid::text from pg_class order by 1")
        let error = try await bench.failure()
        #expect(error.code == .refused && error.exitCode == 1 && error.line == 2, "\(error)")
        #expect(error.description.contains(named), "\(error)")
        #expect(error.description.contains("ERROR 42P13: cannot change name of input parameter"), "\(error)")
        #expect(error.description.contains("versioned migration"))
        #expect(try await bench.values("select oid::text from pg_proc union all select oid::text from pg_class order by 1") == before)
        #expect(try await bench.value("select shop.rate(2)") == "2")
    }

    @Test func aCircleIsRefused() async throws {
        let bench = try await Self.bench(
            """
            create view shop.v as select shop.rate(1) as r;
            create function shop.f(p shop.v) returns numeric language sql begin atomic select p.r; end;
            create or replace view shop.v as select shop.rate(1) as r, shop.f(null) as f;
            """)
        try bench.write(Self.file, Self.new)
        let error = try await bench.failure()
        #expect(error.code == .refused, "\(error)")
        #expect(error.description.contains("depend on each other in a circle"), "\(error)")
        #expect(error.description.contains("view shop.v") && error.description.contains("function shop.f(shop.v)"), "\(error)")
        #expect(try await bench.value("select r from shop.v") == "1")
    }

    @Test func aDependentOfAnotherOwnerStaysTheirs() async throws {
        let bench = try await Bench.make()
        let (owner, masker, user) = (bench.owner, "\(bench.database)_masker", "\(bench.database)_deploy")
        try bench.write(
            "sql/roles/00_roles.sql",
            """
            do $$ begin
              if not exists (select from pg_roles where rolname = '\(owner)') then
                create role \(owner) nologin; create role \(masker) nologin;
              end if;
              execute format('grant \(owner) to %I', current_user);
              execute format('grant create on database %I to \(owner)', current_database());
            end $$;
            grant \(masker) to \(owner);
            """)
        try bench.write("migrations/0001_create_shop.sql", "create schema shop; create schema masked; create table shop.line (a int, b int)")
        try bench.write("sql/functions/shop.v.sql", "create or replace view shop.v as select a, b from shop.line")
        try bench.write(
            "sql/roles/92_masked.sql",
            """
            set local role \(owner);
            grant usage on schema shop to \(masker); grant usage, create on schema masked to \(masker);
            grant select on shop.v to \(masker);
            set local role \(masker);
            create or replace view masked.v with (security_barrier = true) as select b from shop.v;
            grant select on masked.v to public;
            """)
        try await bench.execute(
            """
            create role \(user) login createrole; alter database \(bench.database) owner to \(user);
            """)
        var deploy = bench.superuser
        deploy.overrides["user"] = user
        _ = try await bench.migrator(as: deploy) { $0.ownerRole = owner }.apply()
        let state = """
            select format('%s %s %s %s', oid::regclass, relowner::regrole, \(RemakeTests.acl("relacl")), reloptions)
            from pg_class where relkind = 'v' and relnamespace in ('shop'::regnamespace, 'masked'::regnamespace) order by 1
            """
        let before = try await bench.values(state)
        #expect(before.contains { $0.hasPrefix("masked.v \(masker) ") })
        try bench.write("sql/functions/shop.v.sql", "create or replace view shop.v as select b from shop.line")
        // What runs before the grants must have kept them.
        try bench.write("sql/roles/92_masked.sql", "select 1")
        let report = try await bench.migrator(as: deploy) { $0.ownerRole = owner }.apply()
        #expect(report.applied[0].remade == ["view shop.v", "view masked.v"])
        #expect(try await bench.values(state) == before)
    }

    /// The server's definitions name a function's columns by place.
    @Test func columnsInAnotherOrderKeepTheirNames() async throws {
        let file = "sql/functions/shop.pair.sql"
        func pair(_ columns: String, _ values: String) -> String {
            "create or replace function shop.pair(p int default 0) returns table (\(columns)) language sql begin atomic select \(values); end"
        }
        let bench = try await Bench.make([
            "migrations/0001_create_shop.sql": "create schema shop; create table shop.t as select 1 as a, 2 as \"B\"",
            file: pair("a int, \"B\" int", "1, 2"),
            "sql/functions/shop.used.sql": """
            create or replace view shop.used as select f.a, f."B" from shop.pair() f;
            create or replace view shop.used_ordinally as select f.a, f."B", f.ordinality from shop.pair(length(')''(')) with ordinality f;
            create or replace view shop.used_twice as select f.a, g."B" from shop.pair((select max(a) from shop.pair())) f, shop.pair(f.a) as "G x", lateral shop.pair("G x".a) g;
            create or replace view shop.used_by_place as select f.x, f.y from shop.pair() f(x, y);
            create or replace view shop.v as select a, "B" from shop.pair();
            create or replace function shop.rows() returns setof shop.v language sql begin atomic select * from shop.v; end;
            create or replace view shop.used_rows as select r.a, r."B" from shop.rows() r
            """,
        ])
        try await bench.apply()
        let values = """
            select array[(select array[a, "B"] from shop.used), (select array[a, "B"] from shop.used_ordinally),
              (select array[a, "B"] from shop.used_twice), (select array[a, "B"] from shop.used_rows)]::text
            """
        #expect(try await bench.value(values) == "{{1,2},{1,2},{1,2},{1,2}}")
        try bench.write(file, pair("\"B\" int, n int, a int", "2, 3, 1"))
        try await bench.apply()
        #expect(try await bench.value(values) == "{{1,2},{1,2},{1,2},{1,2}}")
        // Whoever names columns by place means places.
        #expect(try await bench.value("select array[x, y]::text from shop.used_by_place") == "{2,3}")

        try await bench.execute("create view shop.used_in_rows as select * from rows from (shop.pair(), generate_series(1, 2))")
        try bench.write(file, pair("a int, \"B\" int", "1, 2"))
        let error = try await bench.failure()
        #expect(error.description.contains("view shop.used_in_rows names the columns of function shop.pair(integer) by their places"), "\(error)")
    }

    @Test(arguments: [
        ("select f.a from s.f(1, ')') f(a, b)", "select f.a from s.f(1, ')') f"),
        ("from s.f(s.f(2) f(a, b)) f(a, b), s.f() \"f g\"(a, b)", "from s.f(s.f(2) f) f, s.f() \"f g\""),
        ("from s.f() WITH ORDINALITY f(a, b, ordinality) where x = 's.f() f(a, b)'", "from s.f() WITH ORDINALITY f where x = 's.f() f(a, b)'"),
        ("from s.f() f(b, a), os.f() f(a, b), s.ff() f(a, b), (select 1) f(a, b)", "from s.f() f(b, a), os.f() f(a, b), s.ff() f(a, b), (select 1) f(a, b)"),
        ("select s.f() = f(a, b), E'\\'s.f() f(a, b)'", "select s.f() = f(a, b), E'\\'s.f() f(a, b)'"),
        ("from s.f(", "from s.f("), ("from s.f('", "from s.f('"), ("from s.f() f(a", "from s.f() f(a"), ("", ""),
    ]) func namesThatRepeatTheFunctionsOwnAreLeftOut(_ before: String, _ after: String) {
        #expect(ResultColumns.unpinned(before, function: "s.f", columns: "a, b") == after)
    }
}
