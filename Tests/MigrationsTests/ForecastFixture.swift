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
}
