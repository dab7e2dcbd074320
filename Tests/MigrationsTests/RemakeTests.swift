import Postgres
import Testing

@testable import Migrations

/// Functions and views whose new shape `create or replace` does not take, against a real server.
@Suite(.timeLimit(.minutes(1))) struct RemakeTests {
    static let view = "sql/functions/10_shop/shop.sale.sql"

    /// A view of two columns, views on it, and everything that could get lost on the way.
    static func shop(_ bench: Bench) throws {
        try bench.write(
            "migrations/0001_create_shop.sql",
            """
            create schema shop;
            create table shop.line (sku text, price numeric, amount int);
            insert into shop.line values ('a', 2, 3);
            do $$ begin
              create role \(bench.database)_reader; create role \(bench.database)_auditor;
            end $$;
            grant usage on schema shop to public;
            """)
        try bench.write(view, "create or replace view shop.sale as select sku, price, amount from shop.line")
        try bench.write(
            "sql/functions/20_report/shop.report.sql",
            """
            create or replace view shop.report with (security_barrier = true, security_invoker = true)
              as select sku, price * amount as spent from shop.sale where amount > 0;
            comment on view shop.report is 'It''s; the report';
            comment on column shop.report.spent is 'EUR';
            create or replace view shop.best as select max(spent) as spent from shop.report
            """)
    }

    /// An access list in the order of its words; a list that is empty by default is what the server takes for granted.
    static func acl(_ list: String) -> String {
        "(select string_agg(x::text, ' ' order by x::text) from unnest(\(list)) x)"
    }

    /// Everything about the views of the schema that must survive.
    static let state = """
        select format('%s %s %s %s %s %s %s', c.oid::regclass, c.relowner::regrole,
          \(acl("coalesce(c.relacl, acldefault('r', c.relowner))")), c.reloptions,
          obj_description(c.oid, 'pg_class'), pg_get_viewdef(c.oid),
          (select string_agg(format('%s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attacl, d.description), ', ' order by attnum)
           from pg_attribute a
           left join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = a.attrelid and d.objsubid = a.attnum
           where a.attrelid = c.oid and attnum > 0))
        from pg_class c
        where c.relnamespace = 'shop'::regnamespace and c.relkind = 'v' and c.oid <> to_regclass('shop.sale')
        order by c.relname
        """

    @Test func aViewLosesAColumnAndKeepsItsGrants() async throws {
        let bench = try await Bench.make()
        try Self.shop(bench)
        try await bench.apply()
        let (reader, auditor) = ("\(bench.database)_reader", "\(bench.database)_auditor")
        try await bench.execute(
            """
            grant select on shop.sale to \(reader) with grant option;
            set role \(reader); grant select on shop.sale to \(auditor); reset role;
            grant update (price), select (sku) on shop.sale to \(auditor);
            grant select on shop.report to \(reader) with grant option;
            set role \(reader); grant select on shop.report to \(auditor), public; reset role;
            revoke insert on shop.report from postgres;
            grant select (spent) on shop.best to \(auditor);
            comment on view shop.sale is 'sales'; comment on column shop.sale.amount is 'pieces';
            create function shop.t() returns trigger language plpgsql as $$ begin raise exception 'read only'; end $$;
            create trigger t100_stop instead of insert on shop.sale for each row execute function shop.t();
            alter view shop.sale alter column amount set default 9;
            -- They must not get onto anything that is made again.
            alter default privileges grant all on tables to \(auditor), public;
            """)
        let before = try await bench.values(Self.state)
        let grants = """
            select format('%s %s %s %s', x.grantor::regrole, x.grantee::regrole, x.privilege_type, x.is_grantable)
            from pg_class c, aclexplode(c.relacl) x where c.oid = 'shop.sale'::regclass order by 1
            """
        let grantsBefore = try await bench.values(grants)
        try bench.write(
            Self.view, "-- One column less.\ncreate or replace view shop.sale as select price, amount, sku from shop.line")
        let report = try await bench.migrator().apply()
        #expect(report.applied.map(\.path) == [Self.view])
        #expect(
            Set(report.applied[0].remade) == [
                "view shop.sale", "view shop.report", "view shop.best", "trigger t100_stop on view shop.sale",
                "default value for column amount of view shop.sale",
            ])
        #expect(bench.messages.contains("made again: view shop.sale, "))
        #expect(
            try await bench.values(
                """
                select pg_get_triggerdef(oid) from pg_trigger where tgrelid = 'shop.sale'::regclass
                union all select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'shop.sale'::regclass and adnum = 2
                """) == ["CREATE TRIGGER t100_stop INSTEAD OF INSERT ON shop.sale FOR EACH ROW EXECUTE FUNCTION shop.t()", "9"])
        #expect(try await bench.values(Self.state) == before)
        #expect(try await bench.values(grants) == grantsBefore)
        #expect(
            try await bench.values(
                """
                select format('%s %s %s', attname, attacl, col_description(attrelid, attnum)) from pg_attribute
                where attrelid = 'shop.sale'::regclass and attnum > 0 order by attnum
                """) == ["price {\(auditor)=w/postgres} ", "amount  pieces", "sku {\(auditor)=r/postgres} "])
        #expect(try await bench.value("select obj_description('shop.sale'::regclass)") == "sales")
        #expect(try await bench.value("select spent from shop.best") == "6")
        #expect(try await bench.apply().isEmpty)
    }

    @Test func aFunctionsReturnTypeParametersAndDefaultsChange() async throws {
        let file = "sql/functions/shop.price.sql"
        let bench = try await Bench.make([
            "migrations/0001_create_shop.sql": "create schema shop; create table shop.line (sku text, price numeric)",
            file: """
            create or replace function shop.price(p_sku text, p_day date default '2026-01-01') returns table (sku text, price numeric)
            language sql begin atomic select l.sku, l.price from shop.line l where l.sku = p_sku; end
            """,
            "sql/functions/shop.used.sql": """
            create or replace view shop.used as select p.price from shop.price('a') p;
            create or replace function shop.doubled(p_sku text) returns numeric language sql set work_mem = '2MB'
            begin atomic select 2 * p.price from shop.price(p_sku) p; end;
            create or replace procedure shop.see(p shop.used) language plpgsql as $$ begin raise notice '%', p; end $$
            """,
        ])
        try await bench.apply()
        try await bench.execute(
            """
            create role \(bench.owner);
            alter function shop.doubled(text) owner to \(bench.owner);
            grant usage, create on schema shop to \(bench.owner);
            revoke execute on function shop.price(text, date) from public;
            grant execute on function shop.price(text, date) to \(bench.owner) with grant option;
            comment on function shop.doubled(text) is 'twice';
            alter default privileges grant execute on functions to \(bench.owner);
            """)
        let state = """
            select format('%s %s %s %s %s', p.oid::regprocedure, proowner::regrole,
              \(Self.acl("coalesce(proacl, acldefault('f', proowner))")), obj_description(p.oid), proconfig)
            from pg_proc p where pronamespace = 'shop'::regnamespace order by 1
            """
        let before = try await bench.values(state)
        try bench.write(
            file,
            """
            create or replace function shop.price(p_article text, p_day date) returns table (sku text, price numeric, day date)
            language sql begin atomic select l.sku, l.price, p_day from shop.line l where l.sku = p_article; end
            """)
        // The default has gone, which the view relies on.
        let error = try await bench.failure()
        #expect(error.code == .refused && error.path == file && error.line == 1, "\(error)")
        #expect(error.description.contains("view shop.used does not fit any more: ERROR 42883"), "\(error)")
        #expect(try await bench.values(state) == before)
        #expect(try await bench.value("select count(*) from shop.used") == "0")

        try bench.write(
            file,
            """
            create or replace function shop.price(p_article text, p_day date default '2027-01-01')
            returns table (sku text, price numeric, day date)
            language sql begin atomic select l.sku, l.price, p_day from shop.line l where l.sku = p_article; end
            """)
        let applied = try await bench.migrator().apply().applied
        #expect(
            Set(applied[0].remade) == [
                "function shop.price(text,date)", "view shop.used", "function shop.doubled(text)",
                "function shop.see(shop.used)",
            ], "\(applied)")
        #expect(try await bench.values(state) == before)
        #expect(try await bench.value("select pg_get_function_result('shop.price'::regproc)") == "TABLE(sku text, price numeric, day date)")
    }

    @Test func otherArgumentsReplaceTheOldFunction() async throws {
        let file = "sql/functions/shop.tax.sql"
        let bench = try await Bench.make([
            "migrations/0001_create_shop.sql": """
            create schema shop; create table shop.line (sku text, price numeric, tax numeric);
            create function shop.tax(text) returns numeric language sql return 1;
            """,
            file: "create or replace function shop.tax(p numeric) returns numeric language sql return p * 0.19",
            "sql/functions/shop.used.sql": "create or replace view shop.used as select shop.tax(price) as tax from shop.line",
        ])
        try await bench.apply()
        try await bench.execute(
            """
            create role \(bench.owner);
            revoke execute on function shop.tax(numeric) from public;
            grant execute on function shop.tax(numeric) to \(bench.owner);
            comment on function shop.tax(numeric) is 'of Germany';
            alter table shop.line alter tax set default shop.tax(1);
            """)
        try bench.write(
            file, "create or replace function shop.tax(p numeric, p_rate numeric default 0.2) returns numeric language sql return p * p_rate")
        #expect(
            Set(try await bench.migrator().apply().applied[0].remade) == [
                "function shop.tax(numeric)", "view shop.used", "default value for column tax of table shop.line",
            ])
        let state = """
            select format('%s %s %s', p.oid::regprocedure, proacl, obj_description(p.oid)) from pg_proc p
            where pronamespace = 'shop'::regnamespace order by 1
            """
        #expect(
            try await bench.values(state) == [
                "shop.tax(numeric,numeric) {postgres=X/postgres,\(bench.owner)=X/postgres} of Germany",
                "shop.tax(text)  ",  // made by another file: left alone
            ])
        try await bench.execute("insert into shop.line (price) values (10)")
        #expect(try await bench.value("select tax from shop.line") == "0.2")
        #expect(try await bench.value("select tax from shop.used") == "2.0")
        #expect(
            try await bench.values("select identity from ops.migration_object where path = '\(file)'")
                == ["shop.tax(numeric,numeric)"])

        // A function that its file makes no longer is left, and said.
        try bench.write(file, "select 1")
        try await bench.apply()
        #expect(bench.messages.contains("\(file) no longer makes the function shop.tax(numeric,numeric)"))
        #expect(try await bench.value("select shop.tax(10, 0.5)") == "5.0")
    }
}
