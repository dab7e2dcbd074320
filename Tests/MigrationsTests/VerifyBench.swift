import Foundation
import Postgres

@testable import Migrations

extension Bench {
    /// A project that has one of nearly everything, with roles of the bench's own: OWNER, READER, WRITER in the texts.
    static func makeVaried() async throws -> Bench {
        let bench = try await Bench.make()
        for (path, text) in variedFiles { try bench.write(path, bench.named(text)) }
        return bench
    }

    var reader: String { "\(database)_reader" }
    var writer: String { "\(database)_writer" }

    func named(_ text: String) -> String {
        text.replacing("OWNER", with: owner).replacing("READER", with: reader).replacing("WRITER", with: writer)
            .replacing("DATABASE_NAME", with: database)
    }

    func verify(_ adjust: (inout MigrationOptions) -> Void = { _ in }) async throws -> VerifyReport {
        let owner = owner
        return try await migrator {
            $0.ownerRole = owner
            adjust(&$0)
        }.verify()
    }

    private static let variedFiles: [String: String] = [
        "sql/roles/00_roles.sql": """
        do $$
        declare v_role text;
        begin
          foreach v_role in array array['OWNER', 'READER', 'WRITER'] loop
            if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
              execute format('create role %I nologin noinherit', v_role);
            end if;
          end loop;
          execute format('revoke all on database %I from public', current_database());
          execute format('grant connect, create on database %I to OWNER', current_database());
          execute format('grant connect on database %I to READER', current_database());
        end $$;
        comment on role READER is 'reads';
        grant READER to WRITER;
        alter default privileges for role OWNER revoke execute on functions from public;
        """,
        "migrations/0001_create_shop.sql": """
        create schema shop;
        create type shop.state as enum ('open', 'paid');
        create domain shop.amount as numeric(12, 2) constraint amount_value_check check (value >= 0);
        create table shop.customer (
          customer_id bigint generated always as identity constraint customer_customer_id_pkey primary key,
          email text not null constraint customer_email_key unique,
          note text
        );
        create table shop.orders (
          order_id bigint generated always as identity (increment by 1) constraint orders_order_id_pkey primary key,
          customer_id bigint not null constraint orders_customer_id_fkey references shop.customer,
          state shop.state not null default 'open',
          total shop.amount not null,
          placed timestamptz not null default now(),
          constraint orders_total_check check (total < 1000000)
        ) with (fillfactor = 90);
        comment on table shop.orders is 'what was ordered';
        comment on column shop.orders.total is 'in the shop''s currency';
        create table shop.event (day date not null, what text) partition by range (day);
        create sequence shop.ticket;
        create table shop.setting (name text constraint setting_name_pkey primary key, value text);
        insert into shop.setting values ('answer', '42');
        """,
        "migrations/0002_index_orders.sql": """
        -- migrate: no-transaction
        create index /* beside the writers */ concurrently if not exists orders_customer_id_idx
          on shop.orders (customer_id);
        """,
        "migrations/0003_defer_customer.sql": """
        alter table shop.orders alter constraint orders_customer_id_fkey deferrable initially deferred;
        """,
        "migrations/0004_add_states.sql": """
        alter type shop.state add value 'shipped';
        """,
        "sql/functions/shop.stamp.sql": """
        create or replace function shop.stamp() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
        -- Sets the moment.
        begin
          new.placed := now();
          return new;
        end $$;
        create or replace trigger t100_stamp before insert on shop.orders for each row execute function shop.stamp();
        """,
        "sql/functions/shop.open_orders.sql": """
        create or replace view shop.open_orders with (security_invoker = true) as
          select order_id, customer_id, total from shop.orders where state = 'open';
        comment on view shop.open_orders is 'not paid yet';
        """,
        "sql/functions/shop.revenue.sql": """
        create or replace function shop.revenue(p_since timestamptz default null) returns numeric
        language sql stable security definer set search_path = pg_catalog, pg_temp
        begin atomic
          select coalesce(sum(total), 0) from shop.orders where placed >= coalesce(p_since, placed);
        end;
        """,
        "sql/roles/90_grants.sql": """
        grant usage on schema shop to READER;
        grant select on shop.orders, shop.open_orders to READER;
        grant select (customer_id, email) on shop.customer to READER;
        grant insert, update on shop.orders to WRITER;
        grant execute on function shop.revenue(timestamptz) to READER;
        alter table shop.orders enable row level security;
        drop policy if exists readers on shop.orders;
        create policy readers on shop.orders for select to READER using (total < 1000);
        """,
    ]
}
