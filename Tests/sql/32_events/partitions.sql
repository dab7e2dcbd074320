-- Partitions of public.events: by day, ahead, on demand within the window; retention.
begin;
set local timezone = 'UTC';
\ir ../support.psql
select * from no_plan();
create function pg_temp.days() returns text[] language sql as $$ select coalesce(array_agg(inhrelid::regclass::text order by inhrelid::regclass::text), '{}') from pg_inherits where inhparent = 'public.events'::regclass $$;
create function pg_temp.bounds(p regclass) returns text language sql set timezone = 'UTC' as $$ select pg_get_expr(relpartbound, oid) from pg_class where oid = p $$;
create temp table day as select 'events_' || to_char((now() at time zone 'UTC')::date + n, 'YYYYMMDD') as name from generate_series(0, 7) n;

-- Ahead.
truncate staging.membership_application;
set local role promoter;
create temp table maintained as select * from ops.maintain();
create temp table again as select object from ops.maintain() where task = 'partition';
reset role;
select is_empty($$select object from again except select object from maintained$$, 'again it does the same');
select is((select array_agg(object order by object) from maintained where task = 'partition' and object like 'public.events%'), (select array_agg('public.' || name order by name) from day), 'today and seven days ahead');
select is(pg_temp.days(), (select array_agg(name order by name) from day), 'are made');
select is((select count(*) from maintained where task = 'partition' and object like 'staging.reject%'), 3::bigint, 'beside the months of rejects');

-- On demand, for a clock that stands at 2 March 2026.
\set now '''2026-03-02T00:30:00Z'''
select is(events.ensure_partitions(array['2026-03-01T23:59:59.999999Z', '2026-03-02T00:00:00Z', '2026-03-01T00:00:00Z', '2026-02-27T05:00:00+05:30', null]::timestamptz[], :now), 3, 'three days of late data');
select is(pg_temp.bounds('public.events_20260301'), $$FOR VALUES FROM ('2026-03-01 00:00:00+00') TO ('2026-03-02 00:00:00+00')$$, 'a day of UTC');
select ok(to_regclass('public.events_20260226') is not null and to_regclass('public.events_20260227') is null, 'the day is UTC''s, not the sender''s');
set local timezone = 'Pacific/Kiritimati';
select is(events.ensure_partitions(array['2024-02-29T13:00:00Z']::timestamptz[], '2024-03-01T00:00:00Z'), 1, 'a leap day, whatever the time zone');
set local timezone = 'UTC';
select is(pg_temp.bounds('public.events_20240229'), $$FOR VALUES FROM ('2024-02-29 00:00:00+00') TO ('2024-03-01 00:00:00+00')$$, 'ends with it');
create temp table before as select pg_temp.days() as days;
select is(events.ensure_partitions(array['52217-01-01', '9999-12-31', '2026-03-02T01:30:00.000001Z', '1970-01-01', '0044-03-15 BC', 'infinity', '-infinity']::timestamptz[] || ('2026-03-02T00:30:00Z'::timestamptz - interval '400 days 1 us'), :now), 0,
    'none for the year 52217, nor for anything else out of the window');
select is(events.ensure_partitions('{}', :now), 0, 'none for nothing');
select is(pg_temp.days(), (select days from before), 'nothing was made');
select is(events.ensure_partitions(array['2026-03-02T01:30:00Z', '2026-03-02T00:30:00Z'::timestamptz - interval '400 days']::timestamptz[], :now), 2, 'both ends of the window belong to it');
select is(events.time_rule(at::timestamptz, events.time_window(:now)), code, coalesce(at, 'no time')) from (values
    (null, 'timestamp_missing'), ('2026-03-02', ''), ('2026-03-02T01:30:00Z', ''), ('2026-03-02T01:30:00.000001Z', 'timestamp_in_future'), ('52217-01-01', 'timestamp_in_future'),
    ('infinity', 'timestamp_in_future'), ('-infinity', 'timestamp_too_old'), ('2025-01-01', 'timestamp_too_old'), ('0044-03-15 BC', 'timestamp_too_old')) v (at, code);
update ops.setting set value = '10 days' where name = 'events.retention';
select is(lower(events.time_window(:now)), '2026-02-20T00:30:00Z', 'what retention drops at once is not let in');
update ops.setting set value = '400 days' where name = 'events.retention';

-- Retention: each table by its own.
select ops.ensure_partition('public.events', '2020-01-15'), ops.ensure_partition('staging.reject', '2020-01-15');
select ok(to_regclass('public.events_20200115') is not null and to_regclass('staging.reject_202001') is not null, 'a day of one, a month of the other');
set local role promoter;
create temp table expired as select parent::text, partition::text from ops.expired_partitions();
reset role;
select set_eq('table expired', $$values ('public.events', 'public.events_20200115'), ('public.events', 'public.events_20240229'), ('staging.reject', 'staging.reject_202001')
    union all select 'public.events', 'public.' || d from unnest(pg_temp.days()) d where right(d, 8)::date + 1 <= now() - interval '400 days'$$, 'what is past retention');
update ops.setting set value = '100 years' where name = 'events.retention';
select set_eq('select partition::text from ops.expired_partitions()', $$values ('staging.reject_202001')$$, 'events are kept by their own setting');
-- A day is past when the whole of it is.
update ops.setting set value = '3 days' where name = 'events.retention';
select ops.ensure_partition('public.events', (now() at time zone 'UTC')::date - n) from generate_series(3, 4) n;
select ok(bool_or(partition::text = 'events_' || to_char((now() at time zone 'UTC')::date - 4, 'YYYYMMDD')) and not bool_or(partition::text = 'events_' || to_char((now() at time zone 'UTC')::date - 3, 'YYYYMMDD')),
    'the fourth day before today is, the third is not') from ops.expired_partitions();
-- Tables that are not listed are by month.
create table ops.other (at date not null) partition by range (at);
select ops.ensure_partition('ops.other', '2026-02-03');
select is(pg_temp.bounds('ops.other_202602'), $$FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')$$, 'any other table by month');
select throws_ok($$insert into ops.partitioned_table values ('ops.other', 'year', 'partitions.ahead', 'events.retention')$$, '23514', null, 'no other unit');
select throws_ok($$insert into ops.partitioned_table values ('ops.other', 'day', 'nothing', 'events.retention')$$, '23503', null, 'no setting that is not there');
select * from finish();
rollback;
