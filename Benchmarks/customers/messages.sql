-- Messages of :rows customers, :bad of 100 with a fault that a cast does not notice, landed in batches of 20,000; then a
-- table of the shape and indexes of shop.customers without its rules, for the limit. Made anew each time.
create schema if not exists bench;
drop table if exists bench.customers;
create table bench.customers (
    customer_id bigint primary key, first_name text, last_name text not null, age integer, email text, country text, city text,
    postal_code text, phone_number text, registration_date timestamptz not null, last_login_date timestamptz
);
create index on bench.customers (country);
create index on bench.customers (lower(email));
truncate staging.shop_customer, staging.reject, shop.customer_event, shop.customer_version, shop.customers, ops.kafka_batch, ops.batch cascade;
insert into ops.kafka_cluster (cluster_id) values ('bench') on conflict do nothing;
insert into ops.kafka_position (feed, cluster_id, partition, first_offset, next_offset, high_offset)
values ('shop.customer', 'bench', 0, 0, :rows, :rows)
on conflict on constraint kafka_position_pkey do update set next_offset = excluded.next_offset, high_offset = excluded.high_offset;
select ops.ensure_partition('staging.reject', (now() at time zone 'UTC')::date);
select ops.start_run('bench', 'shop.customer', '{}') as run \gset

insert into ops.batch (batch_id, feed, lane, slot, received_on, run_id, received)
select n, 'shop.customer', 'customers:0', 0, (now() at time zone 'UTC')::date, :run, least(20000, :rows - (n - 1) * 20000)
from generate_series(1, (:rows + 19999) / 20000) n;
insert into ops.kafka_batch (batch_id, feed, cluster_id, partition, from_offset, to_offset)
select batch_id, feed, 'bench', 0, (batch_id - 1) * 20000, (batch_id - 1) * 20000 + received from ops.batch;

-- customer_ids come in no order, as they do when many customers are there; messages have about 330 bytes.
insert into staging.shop_customer (batch_id, position, slot, message_key, payload)
select n / 20000 + 1, n, 0, convert_to(id::text, 'UTF8'), convert_to(format(
    '{"customer_id":%s,"first_name":"Ann %s","last_name":"%s","age":%s,"email":"Ann.Ashby.%s@Example.com","country":"%s","city":"Frankfurt am Main",'
    '"postal_code":"%s","phone_number":"%s","registration_date":"2024-0%s-1%sT10:11:12.123456Z","last_login_date":"2025-0%s-1%sT10:11:12Z",'
    '"event_time":"2026-01-%sT10:11:12.123Z"}',
    id, n % 50, case when fault = 1 then '' else 'Ashby-' || id end, case when fault = 2 then 400 else 18 + n % 60 end, id,
    case when fault = 3 then 'Nowhere' else (array['Germany', 'DE', 'fr', 'USA', 'GB', 'Italy'])[1 + n % 6] end, 10000 + n % 80000,
    case when n % 3 = 0 then '+49 151 ' || 10000000 + n when n % 3 = 1 then '0' || 1511000000 + n else '+4915' || 100000000 + n end,
    1 + n % 9, n % 10, 1 + n % 9, n % 10, 10 + n % 20), 'UTF8')
from (
    select n, 1 + (n * 7919) % :rows as id, case when n % 100 < :bad then n % 3 + 1 end as fault
    from generate_series(0, :rows - 1) n offset 0
) m
order by n;
vacuum (freeze) staging.shop_customer;
select ops.summarize_slot('shop.customer', 0::smallint);
checkpoint;
