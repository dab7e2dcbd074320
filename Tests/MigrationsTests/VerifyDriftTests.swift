import Foundation
import Postgres
import Testing

@testable import Migrations

/// Something that is put wrong by hand, and what verify must say of it.
struct Spoil: Sendable, CustomTestStringConvertible {
    let sql: String
    /// Every line, without its mend.
    let told: [String]
    let undo: String

    init(_ sql: String, _ told: String..., undo: String) {
        self.sql = sql
        self.told = told
        self.undo = undo
    }

    var testDescription: String { sql }

    static let all: [Spoil] = grants + code + tables + outside

    private static let grants = [
        Spoil(
            "grant delete on shop.orders to READER",
            "table shop.orders: grant to READER is DELETE, SELECT, should be SELECT",
            undo: "revoke delete on shop.orders from READER"),
        Spoil(
            "revoke select on shop.open_orders from READER",
            "view shop.open_orders: grant to READER is missing: SELECT",
            undo: "grant select on shop.open_orders to READER"),
        Spoil(
            "grant select (note) on shop.customer to READER",
            "column shop.customer.note: grant to READER should not be: SELECT",
            undo: "revoke select (note) on shop.customer from READER"),
        Spoil(
            "revoke select (email) on shop.customer from READER",
            "column shop.customer.email: grant to READER is missing: SELECT",
            undo: "grant select (email) on shop.customer to READER"),
        Spoil(
            "grant usage on schema shop to READER with grant option",
            "schema shop: grant to READER is USAGE with grant option, should be USAGE",
            undo: "revoke grant option for usage on schema shop from READER"),
        Spoil(
            "grant execute on function shop.revenue(timestamptz) to public",
            "function shop.revenue(timestamp with time zone): grant to PUBLIC should not be: EXECUTE",
            undo: "revoke execute on function shop.revenue(timestamptz) from public"),
        Spoil(
            "grant usage on sequence shop.ticket to WRITER",
            "sequence shop.ticket: grant to WRITER should not be: USAGE",
            undo: "revoke all on sequence shop.ticket from WRITER"),
        Spoil(
            "grant select on pg_catalog.pg_authid to READER",
            "system relation pg_catalog.pg_authid: grant to READER should not be: SELECT",
            undo: "revoke select on pg_catalog.pg_authid from READER"),
        Spoil(
            "revoke execute on function pg_catalog.lo_create(oid) from public",
            "system function pg_catalog.lo_create(oid): grant to PUBLIC is missing: EXECUTE",
            undo: "grant execute on function pg_catalog.lo_create(oid) to public"),
        Spoil(
            "create table shop.event_1 partition of shop.event for values from ('2025-01-01') to ('2026-01-01'); grant select on shop.event_1 to READER",
            "partition shop.event_1: grant to READER should not be: SELECT",
            undo: "drop table shop.event_1"),
        Spoil(
            "grant temporary on database DATABASE_NAME to READER",
            "database (this one): grant to READER is CONNECT, TEMPORARY, should be CONNECT",
            undo: "revoke temporary on database DATABASE_NAME from READER"),
        Spoil(
            "alter default privileges for role OWNER grant select on tables to public",
            "default privileges for role OWNER on tables: extra: grant to PUBLIC SELECT; grant to OWNER DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE",
            undo: "alter default privileges for role OWNER revoke select on tables from public"),
        Spoil(
            "alter default privileges for role OWNER grant execute on functions to READER",
            "default privileges for role OWNER on functions: grant to READER should not be: EXECUTE",
            undo: "alter default privileges for role OWNER revoke execute on functions from READER"),
    ]

    private static let code = [
        Spoil(
            "create or replace function shop.stamp() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$ begin return new; end $$",
            "function shop.stamp(): body is begin return new ; end, should be begin new . placed := now ( ) ; return new ; end",
            undo: "FILE sql/functions/shop.stamp.sql"),
        Spoil(
            "alter function shop.stamp() reset all",
            "function shop.stamp(): settings is missing: search_path=pg_catalog, pg_temp",
            undo: "alter function shop.stamp() set search_path = pg_catalog, pg_temp"),
        Spoil(
            "alter function shop.revenue(timestamptz) security invoker",
            "function shop.revenue(timestamp with time zone): security definer is no, should be yes",
            undo: "alter function shop.revenue(timestamptz) security definer"),
        Spoil(
            "alter function shop.revenue(timestamptz) owner to READER",
            "function shop.revenue(timestamp with time zone): owner is READER, should be OWNER",
            undo: "alter function shop.revenue(timestamptz) owner to OWNER; grant execute on function shop.revenue(timestamptz) to READER"),
        Spoil(
            "create function shop.revenue(integer) returns integer language sql as 'select 1'",
            "function shop.revenue(integer): extra", undo: "drop function shop.revenue(integer)"),
        Spoil(
            "drop function shop.revenue(timestamptz)", "function shop.revenue(timestamp with time zone): missing",
            undo: "FILE sql/functions/shop.revenue.sql"),
        Spoil(
            "create or replace view shop.open_orders with (security_invoker = true) as select order_id, customer_id, total from shop.orders",
            "view shop.open_orders: definition is SELECT orders.order_id, orders.customer_id, orders.total FROM shop.orders;, should be …r_id, orders.total FROM shop.orders WHERE (orders.state = 'open'::shop.state);",
            undo: "FILE sql/functions/shop.open_orders.sql"),
        Spoil(
            "alter view shop.open_orders reset (security_invoker)",
            "view shop.open_orders: options is missing: security_invoker=true",
            undo: "alter view shop.open_orders set (security_invoker = true)"),
        Spoil(
            "alter table shop.orders disable trigger t100_stamp",
            "trigger t100_stamp on shop.orders: enabled is no, should be yes",
            undo: "alter table shop.orders enable trigger t100_stamp"),
        Spoil(
            "alter table shop.customer disable trigger all",
            "constraint orders_customer_id_fkey on shop.orders: triggers should not be: disabled on shop.customer",
            undo: "alter table shop.customer enable trigger all"),
        Spoil(
            "alter policy readers on shop.orders using (true)",
            "policy readers on shop.orders: using is true, should be ((total)::numeric < (1000)::numeric)",
            undo: "alter policy readers on shop.orders using (total < 1000)"),
        Spoil(
            "alter policy readers on shop.orders to public",
            "policy readers on shop.orders: roles is PUBLIC, should be READER",
            undo: "alter policy readers on shop.orders to READER"),
        Spoil(
            "create rule quiet as on delete to shop.customer do instead nothing",
            "rule quiet on shop.customer: extra", undo: "drop rule quiet on shop.customer"),
    ]

    private static let tables = [
        Spoil(
            "alter table shop.orders disable row level security",
            "table shop.orders: row security is no, should be yes",
            undo: "alter table shop.orders enable row level security"),
        Spoil(
            "create table public.forgotten (id int primary key, n serial)",
            "table public.forgotten: extra", "sequence public.forgotten_n_seq: extra", undo: "drop table public.forgotten"),
        Spoil(
            "alter table shop.setting rename to settings",
            "table shop.setting: missing", "table shop.settings: extra",
            undo: "alter table shop.settings rename to setting"),
        Spoil(
            "alter table shop.customer add column age integer",
            "column shop.customer.age: extra", undo: "alter table shop.customer drop column age"),
        Spoil(
            "alter table shop.setting alter value type varchar(10)",
            "column shop.setting.value: type is character varying(10), should be text",
            undo: "alter table shop.setting alter value type text"),
        Spoil(
            "alter table shop.orders alter state set default 'paid'",
            "column shop.orders.state: default is 'paid'::shop.state, should be 'open'::shop.state",
            undo: "alter table shop.orders alter state set default 'open'"),
        Spoil(
            "alter table shop.customer alter email drop not null",
            "column shop.customer.email: not null is no, should be yes",
            undo: "alter table shop.customer alter email set not null"),
        Spoil(
            "alter table shop.customer alter note set storage external",
            "column shop.customer.note: storage should not be: e",
            undo: "alter table shop.customer alter note set storage extended"),
        Spoil(
            "alter table shop.orders set (fillfactor = 50)",
            "table shop.orders: options is fillfactor=50, should be fillfactor=90",
            undo: "alter table shop.orders set (fillfactor = 90)"),
        Spoil(
            "comment on table shop.orders is 'spoiled'",
            "table shop.orders: comment is spoiled, should be what was ordered",
            undo: "comment on table shop.orders is 'what was ordered'"),
        Spoil(
            "comment on column shop.orders.total is null",
            "column shop.orders.total: comment is missing: in the shop's currency",
            undo: "comment on column shop.orders.total is 'in the shop''s currency'"),
        Spoil(
            "alter table shop.setting owner to WRITER", "table shop.setting: owner is WRITER, should be OWNER",
            undo: "alter table shop.setting owner to OWNER"),
        Spoil(
            "drop index shop.orders_customer_id_idx", "index shop.orders_customer_id_idx: missing",
            undo: "create index orders_customer_id_idx on shop.orders (customer_id)"),
        Spoil(
            "alter table shop.orders drop constraint orders_total_check, add constraint orders_total_check check (total < 1000000) not valid",
            "constraint orders_total_check on shop.orders: definition is CHECK (((total)::numeric < (1000000)::numeric)) NOT VALID, should be CHECK (((total)::numeric < (1000000)::numeric))",
            undo: "alter table shop.orders validate constraint orders_total_check"),
        Spoil(
            "alter table shop.orders alter constraint orders_customer_id_fkey not deferrable",
            "constraint orders_customer_id_fkey on shop.orders: definition is FOREIGN KEY (customer_id) REFERENCES shop.customer(customer_id), should be …stomer_id) REFERENCES shop.customer(customer_id) DEFERRABLE INITIALLY DEFERRED",
            undo: "alter table shop.orders alter constraint orders_customer_id_fkey deferrable initially deferred"),
        Spoil(
            "alter sequence shop.ticket increment by 10", "sequence shop.ticket: increment is 10, should be 1",
            undo: "alter sequence shop.ticket increment by 1"),
        Spoil(
            "create type shop.other as enum ('a')", "type shop.other: extra", undo: "drop type shop.other"),
        Spoil(
            "alter type shop.state rename value 'paid' to 'settled'",
            "type shop.state: labels is 'open', 'settled', 'shipped', should be 'open', 'paid', 'shipped'",
            undo: "alter type shop.state rename value 'settled' to 'paid'"),
        Spoil(
            "alter domain shop.amount drop constraint amount_value_check",
            "constraint amount_value_check on shop.amount: missing",
            undo: "alter domain shop.amount add constraint amount_value_check check (value >= 0)"),
        Spoil(
            "create statistics shop.together on customer_id, state from shop.orders",
            "statistics shop.together: extra", undo: "drop statistics shop.together"),
    ]

    private static let outside = [
        Spoil("alter role READER createdb", "role READER: createdb is yes, should be no", undo: "alter role READER nocreatedb"),
        Spoil(
            "alter role READER set work_mem = '1GB'", "role READER: settings should not be: work_mem=1GB",
            undo: "alter role READER reset work_mem"),
        Spoil("revoke READER from WRITER", "membership READER to WRITER: missing", undo: "grant READER to WRITER"),
        Spoil(
            "grant pg_read_all_data to READER", "membership pg_read_all_data to READER: extra",
            undo: "revoke pg_read_all_data from READER"),
        Spoil("comment on role READER is null", "role READER: comment is missing: reads", undo: "comment on role READER is 'reads'"),
        Spoil("create schema private", "schema private: extra", undo: "drop schema private"),
        Spoil("create extension pg_trgm", "extension pg_trgm: extra", undo: "drop extension pg_trgm"),
        Spoil(
            "create publication outwards for table shop.setting", "publication outwards: extra",
            undo: "drop publication outwards"),
        Spoil(
            "alter database DATABASE_NAME set statement_timeout = '1h'",
            "database (this one): settings should not be: statement_timeout=1h",
            undo: "alter database DATABASE_NAME reset statement_timeout"),
    ]
}

/// Each case on the same database, one after another: what one leaves behind, the next one tells.
@Suite(.serialized, .timeLimit(.minutes(5))) struct VerifyDriftTests {
    private static let bench = Task { () -> Bench in
        let bench = try await Bench.makeVaried()
        let owner = bench.owner
        try await bench.apply { $0.ownerRole = owner }
        return bench
    }

    @Test(arguments: Spoil.all) func drift(_ spoil: Spoil) async throws {
        let bench = try await Self.bench.value
        try await bench.execute(bench.named(spoil.sql))
        let report = try await bench.verify()
        if spoil.undo.hasPrefix("FILE ") {
            let path = String(spoil.undo.dropFirst(5))
            let text = try String(contentsOfFile: bench.root + "/" + path, encoding: .utf8)
            try await bench.execute("set role \(bench.owner); " + text)
            try await bench.execute(try String(contentsOfFile: bench.root + "/sql/roles/90_grants.sql", encoding: .utf8))
        } else {
            try await bench.execute(bench.named(spoil.undo))
        }
        #expect(report.differences.map { "\($0.difference)" } == spoil.told.map(bench.named))
        #expect(report.differences.allSatisfy { !$0.mend.isEmpty })
        #expect(!report.isClean && report.pending.isEmpty && report.missingFiles.isEmpty && report.edited.isEmpty)
        // What the undoing has not put right, or verify itself has left, the next case tells; the last one has none.
        guard spoil.sql == Spoil.all.last?.sql else { return }
        let after = try await bench.verify()
        #expect(after.isClean, "\(after.differences)")
    }
}
