/// The database that forecasts are held against: a bit of everything that a lock can be taken on, with rows.
enum ForecastFixture {
    static let sql = """
        create schema shop;
        create domain shop.positive as integer check (value > 0);
        create domain shop.label as text;
        create type shop.mood as enum ('calm', 'busy');
        create table shop.customer (
            id integer primary key, name varchar(20), email text, code char(4), score numeric(8, 2), born date,
            seen timestamptz, at timestamp(3), net cidr, note text not null default '', n integer, bits varbit(8),
            tags varchar(5)[], constraint customer_email_check check (email is not null and n is not null),
            constraint customer_n_check check (n > 0)
        );
        create index customer_name_idx on shop.customer (name);
        create index customer_seen_idx on shop.customer (seen);
        create index customer_lower_idx on shop.customer (lower(email));
        create table shop.orders (
            id bigint primary key, customer_id integer not null, total numeric(10, 2), memo text, ref text,
            constraint orders_customer_fkey foreign key (customer_id) references shop.customer (id)
        );
        create index orders_memo_idx on shop.orders (memo);
        create unique index orders_ref_key on shop.orders (ref);
        create table shop.item (
            order_id bigint not null, sku text not null,
            constraint item_order_fkey foreign key (order_id) references shop.orders (id) on delete cascade
        );
        create table shop.review (customer_id integer, stars integer, words text, rate numeric(10, 2));
        create table shop.brand (id integer primary key, name varchar(9));
        create table shop.product (brand_id integer, constraint product_brand_fkey foreign key (brand_id) references shop.brand (id));
        create table shop.plain (a integer, b text, c integer not null default 1);
        create unlogged table shop.pad (a integer);
        create table shop.priced (price shop.positive, label shop.label, mood shop.mood);
        create table shop.base (a integer, b integer);
        create table shop.derived (c integer) inherits (shop.base);
        create table shop.loner (a integer, b integer);
        create table shop.event (id bigint, at date not null, kind text, customer_id integer) partition by range (at);
        create table shop.event_2024 partition of shop.event for values from ('2024-01-01') to ('2025-01-01');
        create table shop.event_2025 partition of shop.event for values from ('2025-01-01') to ('2026-01-01');
        create table shop.event_rest partition of shop.event default;
        create index event_kind_idx on shop.event (kind);
        create table shop.visit (id bigint, at date not null, constraint visit_pkey primary key (id, at))
            partition by range (at);
        create table shop.visit_2024 partition of shop.visit for values from ('2024-01-01') to ('2025-01-01');
        create table shop.visit_2026 (id bigint not null, at date not null,
            constraint visit_2026_pkey primary key (id, at),
            constraint visit_2026_at_check check (at >= '2026-01-01' and at < '2027-01-01'));
        create table shop.visit_2027 (id bigint not null, at date not null);
        create table shop.booking (id bigint, place text, customer_id integer references shop.customer (id))
            partition by list (place);
        create table shop.booking_a partition of shop.booking for values in ('a');
        create table shop.booking_b (id bigint, place text not null, customer_id integer,
            constraint booking_b_place_check check (place = any (array['b', 'c'])));
        create view shop.order_list as select o.id, c.name from shop.orders o join shop.customer c on c.id = o.customer_id;
        create view shop.order_names as select name from shop.order_list;
        create materialized view shop.totals as select customer_id, sum(total) as total from shop.orders group by 1;
        create unique index totals_customer_idx on shop.totals (customer_id);
        create sequence shop.counter;
        create function shop.roll() returns integer language plpgsql volatile as 'begin return 4; end';
        create function shop.fixed() returns integer language sql immutable as 'select 4';
        create function shop.stamp() returns trigger language plpgsql as 'begin return new; end';
        create trigger plain_stamp before insert on shop.plain for each row execute function shop.stamp();
        create trigger event_stamp before insert on shop.event for each row execute function shop.stamp();
        create policy plain_all on shop.plain using (true);
        create rule plain_quiet as on delete to shop.pad do instead nothing;
        insert into shop.customer
          select i, 'n' || i, 'e' || i, 'c', i, '2000-01-01', '2024-01-01', '2024-01-01', '10.0.0.0/8', '', i, b'1', null
          from generate_series(1, 60) i;
        insert into shop.orders select i, i, i, 'm', i::text from generate_series(1, 50) i;
        insert into shop.item select i, 's' from generate_series(1, 50) i;
        insert into shop.brand select i, 'b' from generate_series(1, 50) i;
        insert into shop.product select i from generate_series(1, 50) i;
        insert into shop.review select i, 3, 'w' from generate_series(1, 50) i;
        insert into shop.plain select i, 'b' from generate_series(1, 50) i;
        insert into shop.priced select i, 'l', 'calm' from generate_series(1, 50) i;
        insert into shop.base select i, i from generate_series(1, 50) i;
        insert into shop.derived select i, i, i from generate_series(1, 50) i;
        insert into shop.event
          select i, date '2024-01-01' + 300 * i, 'k', i + 1 from generate_series(0, 5) i;
        insert into shop.visit_2024 select i, '2024-05-05' from generate_series(1, 50) i;
        insert into shop.visit_2026 select i, '2026-05-05' from generate_series(1, 50) i;
        insert into shop.visit_2027 select i, '2027-05-05' from generate_series(1, 50) i;
        insert into shop.booking_b select i, 'b', i from generate_series(1, 50) i;
        insert into shop.booking_a select i, 'a', i from generate_series(1, 50) i;
        alter table shop.review add constraint review_customer_fkey
          foreign key (customer_id) references shop.customer (id) not valid;
        alter table shop.review add constraint review_stars_check check (stars between 1 and 5) not valid;
        refresh materialized view shop.totals;
        analyze;
        """

    /// Each runs by itself in a transaction that is rolled back.
    static let statements = [
        // Columns that come.
        "alter table shop.orders add column note text",
        "alter table shop.orders add note integer default 7",
        "alter table shop.orders add note integer not null default 7",
        "alter table shop.orders add note timestamptz default now()",
        "alter table shop.orders add note timestamptz default clock_timestamp()",
        "alter table shop.orders add note integer default shop.fixed()",
        "alter table shop.orders add note integer default shop.roll()",
        "alter table shop.orders add note uuid default gen_random_uuid()",
        "alter table shop.orders add note numeric generated always as (total * 2) stored",
        "alter table shop.orders add note bigint generated always as identity",
        "alter table shop.orders add note bigserial",
        "alter table shop.orders add note shop.positive",
        "alter table shop.orders add note shop.label default 'x'",
        "alter table shop.orders add note integer default 3 constraint orders_note_check check (note > 0)",
        "alter table shop.orders add note integer constraint orders_note_fkey references shop.customer (id)",
        "alter table shop.orders add note integer default 3 constraint orders_note_fkey references shop.customer (id)",
        "alter table shop.orders add note integer constraint orders_note_key unique",
        "alter table shop.orders add if not exists memo text",
        "alter table shop.base add d integer",
        "alter table only shop.pad add d integer",
        "alter table shop.event add d integer default 1",
        "alter table shop.event add d double precision default random()",
        // Columns that go or change.
        "alter table shop.plain drop column b",
        "alter table shop.orders drop column customer_id cascade",
        "alter table shop.base drop column b",
        "alter table shop.plain alter c drop not null",
        "alter table shop.plain alter c set default 5",
        "alter table shop.plain alter c drop default",
        "alter table shop.plain alter a set statistics 200",
        "alter table shop.plain alter a set (n_distinct = 5)",
        "alter table shop.plain alter b set storage external",
        "alter table shop.plain alter b set compression pglz",
        "alter table shop.plain alter c drop default, alter c add generated by default as identity",
        "alter table shop.plain rename column a to d",
        "alter table shop.base rename column a to d",
        "alter table shop.event alter kind set statistics 50",
        // Not null.
        "alter table shop.plain alter a set not null",
        "alter table shop.plain alter c set not null",
        "alter table shop.customer alter email set not null",
        "alter table shop.customer alter n set not null",
        "alter table shop.customer alter name set not null",
        "alter table shop.event alter kind set not null",
        // Types.
        "alter table shop.review alter rate type numeric(12, 2)",
        "alter table shop.review alter rate type numeric(12, 3)",
        "alter table shop.orders alter memo type varchar(30)",
        "alter table shop.orders alter memo type varchar",
        "alter table shop.brand alter id type bigint",
        "alter table shop.product alter brand_id type bigint",
        "alter table shop.brand alter name type text",
        "alter table shop.plain alter b type varchar",
        "alter table shop.plain alter b type varchar using b::varchar",
        "alter table shop.plain alter b type text using upper(b)",
        "alter table shop.plain alter a type bigint",
        "alter table shop.plain alter a type oid",
        "alter table shop.plain alter b type shop.label",
        "alter table shop.plain alter a type shop.positive",
        "alter table shop.priced alter label type text",
        "alter table shop.customer alter code type char(6)",
        "alter table shop.customer alter code type text",
        "alter table shop.customer alter seen type timestamp",
        "alter table shop.customer alter seen type timestamptz(3)",
        "alter table shop.customer alter at type timestamp(6)",
        "alter table shop.customer alter at type timestamp",
        "alter table shop.customer alter at type timestamp(0)",
        "alter table shop.customer alter at type timestamptz",
        "alter table shop.customer alter net type inet",
        "alter table shop.customer alter bits type varbit(16)",
        "alter table shop.customer alter tags type varchar(9)[]",
        "alter table shop.customer alter tags type text[]",
        "alter table shop.customer alter n type bigint",
        "alter table shop.customer alter email type varchar",
        "alter table shop.base alter b type bigint",
        "alter table shop.event alter kind type varchar(9)",
        // Constraints.
        "alter table shop.plain add constraint plain_a_check check (a > 0)",
        "alter table shop.plain add constraint plain_a_check check (a > 0) not valid",
        "alter table shop.base add constraint base_a_check check (a > 0)",
        "alter table shop.base add constraint base_a_check check (a > 0) no inherit",
        "alter table shop.event add constraint event_id_check check (id >= 0)",
        "alter table shop.plain add constraint plain_pkey primary key (a)",
        "alter table shop.plain add constraint plain_c_key unique (a, c)",
        "alter table shop.visit add constraint visit_at_key unique (at, id)",
        "alter table shop.orders add constraint orders_ref_key unique using index orders_ref_key",
        "alter table shop.orders add constraint orders_ref_unique unique using index orders_ref_key",
        "alter table shop.plain add constraint plain_a_excl exclude using btree (a with =)",
        "alter table shop.plain add constraint plain_a_fkey foreign key (a) references shop.customer (id)",
        "alter table shop.plain add constraint plain_a_fkey foreign key (a) references shop.customer (id) not valid",
        "alter table shop.event add constraint event_customer_fkey foreign key (customer_id) references shop.customer (id)",
        "alter table shop.review validate constraint review_customer_fkey",
        "alter table shop.review validate constraint review_stars_check",
        "alter table shop.customer validate constraint customer_n_check",
        "alter table shop.orders drop constraint orders_customer_fkey",
        "alter table shop.customer drop constraint customer_pkey cascade",
        "alter table shop.customer drop constraint customer_n_check",
        "alter table shop.orders alter constraint orders_customer_fkey deferrable",
        "alter table shop.orders rename constraint orders_customer_fkey to orders_other_fkey",
        "alter table shop.plain add d integer, alter a set statistics 10",
        "alter table shop.review validate constraint review_stars_check, alter words set statistics 10",
        // The table itself.
        "alter table shop.pad set logged",
        "alter table shop.plain set unlogged",
        "alter table shop.plain set logged",
        "alter table shop.plain set access method heap",
        "alter table shop.plain set tablespace pg_default",
        "alter table shop.plain set (fillfactor = 70)",
        "alter table shop.plain set (autovacuum_enabled = off, parallel_workers = 2)",
        "alter table shop.plain set (user_catalog_table = true)",
        "alter table shop.plain reset (fillfactor)",
        "alter table shop.plain owner to postgres",
        "alter table shop.plain rename to plainer",
        "alter table shop.plain set schema public",
        "alter table shop.plain enable row level security",
        "alter table shop.plain force row level security",
        "alter table shop.plain disable trigger plain_stamp",
        "alter table shop.event disable trigger event_stamp",
        "alter table shop.plain enable replica trigger plain_stamp",
        "alter table shop.plain replica identity full",
        "alter table shop.customer cluster on customer_name_idx",
        "alter table shop.customer replica identity using index customer_pkey",
        "alter table shop.customer set without cluster",
        "alter table shop.loner inherit shop.base",
        "alter table shop.derived no inherit shop.base",
        // Partitions.
        "alter table shop.visit attach partition shop.visit_2026 for values from ('2026-01-01') to ('2027-01-01')",
        "alter table shop.visit attach partition shop.visit_2027 for values from ('2027-01-01') to ('2028-01-01')",
        "alter table shop.booking attach partition shop.booking_b for values in ('b', 'c')",
        "alter table shop.visit detach partition shop.visit_2024",
        "alter table shop.event detach partition shop.event_2024",
        "alter table shop.booking detach partition shop.booking_a",
        "create table shop.visit_2025 partition of shop.visit for values from ('2025-01-01') to ('2026-01-01')",
        "create table shop.event_2030 partition of shop.event for values from ('2030-01-01') to ('2031-01-01')",
        "create table shop.booking_d partition of shop.booking for values in ('d')",
        "drop table shop.visit_2024",
        "drop table shop.event_2024",
        // Tables, views and what hangs on them.
        "create table shop.made (a integer primary key, b integer references shop.customer (id))",
        "create table shop.made (like shop.plain including all)",
        "create table shop.made () inherits (shop.base)",
        "create table shop.made as select * from shop.plain",
        "create table shop.made as select * from shop.order_list",
        "create table if not exists shop.plain (a integer)",
        "drop table shop.plain",
        "drop table shop.orders cascade",
        "drop table shop.item",
        "drop table shop.event",
        "drop table if exists shop.nowhere",
        "drop view shop.order_names",
        "drop view shop.order_list cascade",
        "drop materialized view shop.totals",
        "drop index shop.customer_name_idx",
        "drop sequence shop.counter",
        "drop trigger plain_stamp on shop.plain",
        "drop trigger event_stamp on shop.event",
        "drop policy plain_all on shop.plain",
        "drop rule plain_quiet on shop.pad",
        "drop function shop.roll()",
        "drop function shop.stamp() cascade",
        "drop domain shop.label cascade",
        "drop type shop.mood cascade",
        "drop schema shop cascade",
        "create view shop.made as select * from shop.plain",
        "create view shop.made as select * from shop.order_list",
        "create or replace view shop.order_names as select name from shop.order_list where name > 'a'",
        "alter view shop.order_names set (security_barrier = true)",
        "alter view shop.order_names rename to order_people",
        "create materialized view shop.made as select count(*) from shop.plain",
        "create materialized view shop.made as select count(*) from shop.plain with no data",
        "refresh materialized view shop.totals",
        "refresh materialized view concurrently shop.totals",
        "refresh materialized view shop.totals with no data",
        "create index on shop.plain (a)",
        "create unique index plain_a_key on shop.plain (a) where a > 3",
        "create index on shop.event (id)",
        "create index on only shop.event (id)",
        "create index if not exists customer_name_idx on shop.customer (name)",
        "alter index shop.customer_name_idx rename to customer_name2_idx",
        "alter index shop.customer_name_idx set (fillfactor = 60)",
        "create trigger plain_second after update on shop.plain for each row execute function shop.stamp()",
        "create trigger event_second after update on shop.event for each row execute function shop.stamp()",
        "create trigger event_third after update on shop.event for each statement execute function shop.stamp()",
        "alter trigger plain_stamp on shop.plain rename to plain_other",
        "create policy plain_some on shop.plain using (exists (select from shop.customer c where c.id = a))",
        "alter policy plain_all on shop.plain using (a > 1)",
        "create rule plain_log as on insert to shop.plain do also insert into shop.pad values (new.a)",
        "comment on table shop.plain is 'x'",
        "comment on column shop.plain.a is 'x'",
        "comment on constraint orders_customer_fkey on shop.orders is 'x'",
        "comment on trigger plain_stamp on shop.plain is 'x'",
        "comment on view shop.order_list is 'x'",
        "comment on index shop.customer_name_idx is 'x'",
        "comment on schema shop is 'x'",
        "comment on function shop.roll() is 'x'",
        "create statistics shop.made on a, c from shop.plain",
        "create publication made for table shop.plain, shop.orders",
        "create sequence shop.made owned by shop.plain.a",
        "alter sequence shop.counter increment by 2",
        "grant select on shop.plain to public",
        "grant select (a) on shop.plain to public",
        "grant select on all tables in schema shop to public",
        "create function shop.made() returns bigint language sql as 'select count(*) from shop.order_list'",
        "create function shop.made() returns bigint language sql begin atomic select count(*) from shop.order_list; end",
        "create function shop.made() returns void language sql as 'delete from shop.plain where a = 1'",
        "create function shop.made() returns bigint language plpgsql as 'begin return (select count(*) from shop.plain); end'",
        "create function shop.made() returns bigint language sql set search_path = shop as 'select count(*) from plain'",
        // Domains and enums.
        "alter domain shop.label add constraint label_check check (value <> '')",
        "alter domain shop.label add constraint label_check check (value <> '') not valid",
        "alter domain shop.label set not null",
        "alter domain shop.label set default 'x'",
        "alter type shop.mood rename value 'calm' to 'quiet'",
        // Rows.
        "truncate shop.plain",
        "truncate shop.customer cascade",
        "truncate shop.event",
        "truncate only shop.base",
        "insert into shop.plain values (1)",
        "insert into shop.plain (a) select a from shop.base",
        "insert into shop.orders (id, customer_id) values (1000, 1)",
        "update shop.plain set a = 2",
        "delete from shop.review",
        "update shop.event set kind = 'x'",
        "select * from shop.plain",
        "select * from shop.plain for update",
        "select count(*) from shop.order_names",
        "with q as (select a from shop.plain) select * from q",
        "with gone as (delete from shop.review returning stars) insert into shop.loner select stars from gone",
        "lock table shop.plain in share mode",
        "lock table shop.event in exclusive mode",
        "cluster shop.customer using customer_name_idx",
        "reindex table shop.customer",
        "reindex index shop.customer_name_idx",
        "analyze shop.plain",
        "set search_path = shop",
        "select 1",
        // And more of each.
        "alter table shop.event add constraint event_pkey primary key (id, at)",
        "alter table shop.event add constraint event_id_key unique (id, at)",
        "alter table shop.event alter id set not null",
        "alter table shop.event drop column kind",
        "alter table shop.event rename to happening",
        "alter table shop.event rename column kind to sort",
        "alter table shop.event drop column customer_id, add column other integer",
        "alter table shop.event owner to postgres",
        "alter table shop.event disable row level security",
        "drop index shop.event_kind_idx",
        "alter table shop.base alter a set not null",
        "alter table only shop.base alter a set default 4",
        "alter table shop.base alter a type bigint, add column d text",
        "alter table shop.base add constraint base_a_fkey foreign key (a) references shop.customer (id)",
        "alter table shop.visit_2027 add constraint visit_2027_fkey foreign key (id, at) references shop.visit (id, at) not valid",
        "alter table shop.plain drop constraint if exists plain_nothing_check",
        "alter table if exists shop.nowhere add column a integer",
        "alter view shop.order_names owner to postgres",
        "alter view shop.order_names alter name set default 'x'",
        "alter materialized view shop.totals rename to sums",
        "alter materialized view shop.totals set (fillfactor = 80)",
        "alter materialized view shop.totals set schema public",
        "alter view shop.order_names set schema public",
        "alter sequence shop.counter owned by shop.plain.a",
        "alter sequence shop.counter owned by none",
        "alter sequence shop.counter rename to numbers",
        "alter type shop.mood add value 'wild'",
        "alter type shop.mood set schema public",
        "alter domain shop.positive drop not null",
        "alter domain shop.positive add constraint positive_small_check check (value < 1000)",
        "alter function shop.roll() owner to postgres",
        "alter function shop.roll() rename to throw",
        "drop domain shop.positive cascade",
        "drop table shop.customer cascade",
        "drop table shop.base cascade",
        "drop table shop.item, shop.review",
        "drop table shop.booking",
        "drop view shop.order_names, shop.order_list",
        "create temporary table passing (a integer)",
        "select a into shop.made from shop.plain",
        "lock table shop.order_list in share mode",
        "lock table only shop.base in row share mode",
        "merge into shop.plain p using shop.loner l on p.a = l.a when matched then delete",
        "update shop.plain p set b = c.name from shop.customer c where c.id = p.a",
        "delete from shop.pad using shop.loner where true",
        "delete from shop.review using shop.loner l where l.a = stars",
        "insert into shop.plain (a) values (1) returning a",
        "insert into shop.event select i, date '2024-01-01' + 300 * i, 'k', i from generate_series(0, 5) i",
        "explain select * from shop.plain",
        "select 1 from shop.plain where exists (select from shop.loner) union all select a from shop.base",
        "select a from only shop.base",
        "analyze shop.event",
        "analyze shop.base",
        "create index on shop.totals (total)",
        "create rule order_list_quiet as on update to shop.order_list do instead nothing",
        "create function shop.made(p integer default 1) returns setof shop.plain language sql as 'select * from shop.plain where a = p'",
        "create procedure shop.made() language sql as 'update shop.plain set a = 1; delete from shop.review'",
        "create function shop.made() returns text language sql return (select max(name) from shop.customer)",
        "create view shop.made as with q as (select * from shop.plain) select * from q where a in (select id from shop.customer)",
        "create role made_by_forecast_fixture",
        "alter default privileges in schema shop grant select on tables to public",
    ]

    /// One after another in one transaction.
    static let file = [
        "create table shop.made (id bigint, order_id bigint, note text)",
        "insert into shop.made select i, i, 'x' from generate_series(1, 40) i",
        "alter table shop.made add constraint made_pkey primary key (id)",
        "alter table shop.made alter id set not null",
        "alter table shop.made add constraint made_order_fkey foreign key (order_id) references shop.orders (id) not valid",
        "alter table shop.made validate constraint made_order_fkey",
        "alter table shop.made validate constraint made_order_fkey",
        "alter table shop.made add constraint made_note_check check (note is not null) not valid",
        "alter table shop.made validate constraint made_note_check",
        "alter table shop.made alter note set not null",
        "alter table shop.made add column score integer not null default 0",
        "alter table shop.made alter score set not null",
        "alter table shop.made rename column score to points",
        "alter table shop.made alter points type bigint",
        "alter table shop.made rename to line",
        "create index line_order_idx on shop.line (order_id)",
        "create view shop.lines as select l.id, o.memo from shop.line l join shop.orders o on o.id = l.order_id",
        "create view shop.line_ids as select id from shop.lines",
        "select count(*) from shop.line_ids",
        "drop view shop.line_ids",
        "create domain shop.grade as integer check (value > 0)",
        "alter table shop.line add column grade shop.grade",
        "create domain shop.wish as text",
        "alter table shop.line add column wish shop.wish",
        "create function shop.dice() returns integer language plpgsql volatile as 'begin return 6; end'",
        "alter table shop.line add column luck integer default shop.dice()",
        "set local search_path = shop",
        "alter table plain alter a set not null",
        "alter table plain alter a set not null",
        "alter table plain alter a drop not null",
        "alter table plain alter a set not null",
        "alter table visit attach partition visit_2026 for values from ('2026-01-01') to ('2027-01-01')",
        "create index visit_id_idx on visit (id)",
        "alter table visit detach partition visit_2026",
        "create index visit_at_idx on visit (at)",
        "alter table customer drop constraint customer_email_check",
        "alter table customer alter email set not null",
        "alter table loner inherit base",
        "alter table base add column late integer",
        "alter table loner no inherit base",
        "alter table base add column later integer",
        "create table event_2040 partition of event for values from ('2040-01-01') to ('2041-01-01')",
        "alter table event add column late integer",
        "drop table event_2040",
        "alter table orders drop constraint orders_customer_fkey",
        "drop table line cascade",
        "alter table orders drop column ref",
        "truncate orders cascade",
        "alter schema shop rename to store",
        "alter table store.plain add column last text",
        "alter table store.plain set schema public",
        "alter table public.plain add column very_last text",
    ]
}
