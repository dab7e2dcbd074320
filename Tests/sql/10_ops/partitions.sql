-- ops.ensure_partition, expired_partitions, maintain.
begin;
\ir ../support.psql
select * from no_plan();
create function pg_temp.bounds(p regclass) returns text language sql as $$ select pg_get_expr(relpartbound, oid) from pg_class where oid = p $$;
select lives_ok(format('select ops.ensure_partition(''staging.reject'', %L)', day), 'partition for ' || day)
from unnest('{2031-01-15,2031-01-01,2031-01-31,2031-12-31,2032-02-29,2031-01-15}'::date[]) day;
select is((select count(*) from pg_inherits where inhparent = 'staging.reject'::regclass and inhrelid::regclass::text ~ '_203[12]'), 3::bigint, 'one a month, however often');
select is(pg_temp.bounds('staging.reject_203101'), $$FOR VALUES FROM ('2031-01-01') TO ('2031-02-01')$$, 'January');
select is(pg_temp.bounds('staging.reject_203112'), $$FOR VALUES FROM ('2031-12-01') TO ('2032-01-01')$$, 'December');
select is(pg_temp.bounds('staging.reject_203202'), $$FOR VALUES FROM ('2032-02-01') TO ('2032-03-01')$$, 'a February of a leap year');
set local timezone = 'Pacific/Kiritimati';
select lives_ok($$select ops.ensure_partition('staging.reject', '2033-01-01')$$, 'whatever the time zone');
select is(pg_temp.bounds('staging.reject_203301'), $$FOR VALUES FROM ('2033-01-01') TO ('2033-02-01')$$, 'the month is the day''s');
reset timezone;
select indexes_are('staging', 'reject_203101', '{reject_203101_pkey,reject_203101_substring_idx}', 'a partition has the parent''s key and index');
select is((select count(*) from pg_constraint where conrelid = 'staging.reject_203101'::regclass and contype = 'c'),
    (select count(*) from pg_constraint where conrelid = 'staging.reject'::regclass and contype = 'c'), 'and its checks');
select is((select count(*) from pg_partitioned_table where partdefid <> 0), 0::bigint, 'no default partition anywhere');

-- Retention names partitions whose days are all past, and drops none.
select ops.ensure_partition('staging.reject', '2020-01-15'), ops.ensure_partition('staging.reject', (now() - interval '400 days')::date),
    ops.ensure_partition('staging.reject', (now() - interval '440 days')::date);
set local role promoter;
select array_agg(partition::text order by partition::text) as expired from ops.expired_partitions() \gset
reset role;
select ok(:'expired'::text[] @> array['staging.reject_202001', 'staging.reject_' || to_char(now() - interval '440 days', 'YYYYMM')], 'months wholly past retention are named');
select ok(not :'expired'::text[] @> array['staging.reject_' || to_char(now() - interval '400 days', 'YYYYMM')], 'one that is partly past is not');
update ops.setting set value = '100 years' where name = 'staging.reject.retention';
select is_empty('select * from ops.expired_partitions()', 'with a longer retention none is');
update ops.setting set value = '400 days' where name = 'staging.reject.retention';

truncate staging.membership_application;  -- what tests rolled back before still takes room
select pg_temp.land('{"Ann Ash,ann@x.com,1990-01-01,11111111"}') as a \gset
select count(*) as n from pg_temp.promote() \gset
set local role promoter;
select array_agg(task || ' ' || object || ' ' || done) as done from ops.maintain() \gset
select array_agg(task || ' ' || object || ' ' || done) as again from ops.maintain() \gset
reset role;
select is((select array_agg(d) from unnest(:'done'::text[]) d where d like 'partition staging.%'),
    array(select format('partition staging.reject_%s there', to_char(date_trunc('month', now() at time zone 'UTC') + n * interval '1 month', 'YYYYMM')) from generate_series(0, 2) n),
    'partitions for this month and two ahead');
select ok(to_regclass('staging.reject_' || to_char((now() at time zone 'UTC') + interval '2 months', 'YYYYMM')) is not null, 'the last of them is there');
select ok(:'done'::text[] @> '{"rotate membership.application 1 slots emptied"}', 'staging was emptied');
select ok(:'again'::text[] @> '{"rotate membership.application 0 slots emptied"}', 'and again there was nothing to empty');
select ok(:'done'::text[] @> '{"retention staging.reject_202001 past 400 days"}', 'retention is named');
select ok(to_regclass('staging.reject_202001') is not null, 'and nothing dropped');
select * from finish();
rollback;
