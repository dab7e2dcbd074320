-- :rows events, :bad of 100 with a fault that a cast does not notice, :odd of 100 with ULIDs and ObjectIds and a time with an
-- offset, landed in batches of 20,000; then tables of the shape and indexes of public.events and its ledger, without their rules,
-- for the limit. Made anew each time.
create schema if not exists bench;
drop table if exists bench.events, bench.message;
create table bench.events (like public.events including defaults);
alter table bench.events add primary key (timestamp_stamp, message_id_stamp);
create index on bench.events (type);
create index on bench.events using brin (batch_id) with (pages_per_range = 16);
create table bench.message (like events.message including all);
truncate staging.event, staging.reject, events.message, public.events, ops.kafka_batch, ops.batch cascade;
insert into ops.kafka_cluster (cluster_id) values ('bench') on conflict do nothing;
insert into ops.kafka_position (feed, cluster_id, partition, first_offset, next_offset, high_offset)
values ('events.raw', 'bench', 0, 0, :rows, :rows)
on conflict on constraint kafka_position_pkey do update set next_offset = excluded.next_offset, high_offset = excluded.high_offset;
select ops.ensure_partition('staging.reject', (now() at time zone 'UTC')::date);
select events.ensure_partitions(array[now(), now() - interval '1 day'], now());
select ops.start_run('bench', 'events.raw', '{}') as run \gset

insert into ops.batch (batch_id, feed, lane, slot, received_on, run_id, received)
select n, 'events.raw', 'events.raw:0', 0, (now() at time zone 'UTC')::date, :run, least(20000, :rows - (n - 1) * 20000)
from generate_series(1, (:rows + 19999) / 20000) n;
insert into ops.kafka_batch (batch_id, feed, cluster_id, partition, from_offset, to_offset)
select batch_id, feed, 'bench', 0, (batch_id - 1) * 20000, (batch_id - 1) * 20000 + received from ops.batch;

-- Packages of 20 events; messages have about 390 bytes. Times are those of the last hour, which two days may share.
insert into staging.event (batch_id, position, slot, message_key, schema_id, published_at, package_size, payload)
select n / 20000 + 1, n, 0,
    convert_to(events.correlation_id((left(translate(lpad(to_hex((extract(epoch from now()) * 1000)::bigint - 3600000 + n / 20), 12, '0'), '-', ''), 8)
        || '-' || right(lpad(to_hex((extract(epoch from now()) * 1000)::bigint - 3600000 + n / 20), 12, '0'), 4) || '-7' || substr(md5((n / 20)::text), 1, 3)
        || '-8' || substr(md5((n / 20)::text), 4, 3) || '-' || substr(md5((n / 20)::text), 7, 7) || '00000')::uuid, n % 20 + 1)::text, 'UTF8'),
    1, now() - interval '1 minute', 20,
    convert_to(format(
    '{"data":{"id":"order-%s","amount":%s},"attributes":{"timestampStamp":"%s","messageIdStamp":"%s","type":"%s","targetSubscription":"%s",'
    '"newContextStamp":{"accountId":"%s","userId":"%s","requestPlatform":"web"}%s}}',
    n, ((n % 1000)::numeric / 4)::text,
    case when fault = 1 then '2999-01-01T00:00:00Z'
        when odd then to_char(now() at time zone 'UTC' - n * interval '10 ms' - interval '1 second' + interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"+01:00"')
        else to_char(now() at time zone 'UTC' - n * interval '10 ms', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end,
    case when odd then '01' || upper(translate(substr(md5(n::text || 'm'), 1, 24), 'abcdef', 'ABCDEF')) else overlay(md5(n::text || 'm')::uuid::text placing '4' from 15) end,
    case when fault = 2 then '' else (array['order.paid', 'order.placed', 'page.viewed', 'cart.changed', 'mail.opened'])[1 + n % 5] end, (array['billing', 'books', 'search'])[1 + n % 3],
    case when odd then substr(md5((n % 5000)::text), 1, 24) else md5((n % 5000)::text)::uuid::text end,
    md5((n % 50000)::text)::uuid::text,
    case when fault = 3 then ',"amplitudeTrackStamp":{"id":-1}' when n % 3 = 0 then format(',"amplitudeTrackStamp":{"id":%s,"trackedDevice":"iPhone"}', 10000000000000000000 + n) else '' end), 'UTF8')
from (
    select n, case when n % 100 < :bad then n % 3 + 1 end as fault, (n + 50) % 100 < :odd as odd
    from generate_series(0, :rows - 1) n offset 0
) m
order by n;
vacuum (freeze) staging.event;
select ops.summarize_slot('events.raw', 0::smallint);
checkpoint;
