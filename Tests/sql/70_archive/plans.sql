-- Sealing and reading an object over a batch that statistics have not seen, beside 100 batches of the same day and 400 days: the
-- day's BRIN index finds the batch, and nothing is read from end to end. Counts of rows, no timing.
begin;
\ir ../support.psql
\ir ../32_events/feed.psql
\ir archive.psql
select * from no_plan();
select pg_temp.set_to(s, '400 days') from unnest('{events.window_past,events.retention}'::text[]) s \g /dev/null
set local role emporium_owner;
select events.ensure_partitions(array(select now() - make_interval(days => n) from generate_series(-1, 399) n), now()) \g /dev/null
reset role;
select is(count(*) >= 400, true, '400 days') from ops.event_partitions(null, null);
select ops.ensure_partition('staging.reject', (now() at time zone 'UTC')::date);
-- 100 batches of 1000 events and 100 dead letters each, that statistics know; on the day of the events to come.
insert into public.events (timestamp_stamp, message_id_stamp, correlation_id, type, target_subscription, new_context_account_id, new_context_user_id, data, batch_id, position, run_id)
select now() - interval '1 hour', gen_random_uuid(), gen_random_uuid(), 'paid', 'books', gen_random_uuid(), gen_random_uuid(), '{"id": "x", "amount": 1}', -101 + n / 1000, n, 1 from generate_series(0, 99999) n;
insert into staging.reject (received_on, batch_id, position, run_id, disposition, severity, codes, reasons, payload)
select b.received_on, -101 + n / 100, n, 1, 'rejected', 'error', '{x}', '{x}', '{}' from generate_series(0, 9999) n, (select (now() at time zone 'UTC')::date as received_on) b;
select tableoid::regclass as day from public.events limit 1 \gset
select tableoid::regclass as month from staging.reject limit 1 \gset
analyze :day;
analyze :month;
select pg_temp.land((select array_agg(case when n % 10 = 0 then '{}' else pg_temp.event() end order by n) from generate_series(1, 20000) n)) as batch \gset
select results_eq('select stored, rejected from pg_temp.promote_events()', 'values (18000::bigint, 2000::bigint)', 'a batch of 20,000');

create function pg_temp.fetched(p_table regclass) returns bigint language sql volatile as $$ select pg_stat_get_xact_tuples_fetched(p_table) $$;
-- Rows of any partition that were read from end to end of something: of a table, or of the pages that a BRIN index learns of.
create function pg_temp.scanned() returns bigint language sql volatile as $$
    select sum(pg_stat_get_xact_tuples_returned(inhrelid))::bigint from pg_inherits where inhparent in ('public.events'::regclass, 'staging.reject'::regclass) $$;
create temp table read (what text, events bigint, rejects bigint, whole bigint);
create function pg_temp.reading(p_what text, p_sql text, p_day regclass, p_month regclass) returns void language plpgsql as $$
declare
    v_before bigint[] := array[pg_temp.fetched(p_day), pg_temp.fetched(p_month), pg_temp.scanned()];
begin
    execute p_sql;
    insert into read values (p_what, pg_temp.fetched(p_day) - v_before[1], pg_temp.fetched(p_month) - v_before[2], pg_temp.scanned() - v_before[3]);
end $$;
select pg_temp.reading('measuring and sealing', 'select ops.seal_archive(true)', :'day', :'month');
select pg_temp.reading('lines', 'select count(*) from ops.archive_object o, ops.archive_lines(o.object_id)', :'day', :'month');
select pg_temp.reading('finding', format('select * from ops.archive_of(''event'', %s, 5)', :batch), :'day', :'month');
select is((select sum(records) from ops.archive_object), 20000::numeric, 'all of it is sealed');
select cmp_ok(events, '<', 30000::bigint, what || ': of 118,000 events of the day little but the batch is read') from read;
select cmp_ok(rejects, '<', 4500::bigint, what || ': of 12,000 rejects little but the batch''s') from read;
select is(whole, 0::bigint, what || ': nothing from end to end') from read where what <> 'measuring and sealing';
select cmp_ok(whole, '<', 125000::bigint, what || ': the index learns of what is new, once') from read where what = 'measuring and sealing';

-- Cut by position: each object reads the batch again, not the day.
select pg_temp.set_to('archive.object.records', '2000');
select pg_temp.land((select array_agg(pg_temp.event() order by n) from generate_series(1, 8000) n)) as second \gset
select count(*) from pg_temp.promote_events() \g /dev/null
truncate read;
select pg_temp.reading('cutting', 'select ops.seal_archive(true)', :'day', :'month');
select is(count(*), 4::bigint, 'four objects of a batch') from ops.archive_piece where batch_id = :second;
select cmp_ok(events, '<', 30000::bigint, 'measured once and cut once') from read;
select cmp_ok(whole, '<', 12000::bigint, 'beside what is new') from read;

-- The plan itself: by name of the days that are asked for, and by BRIN alone.
create function pg_temp.plan_of(p_from timestamptz, p_to timestamptz) returns text language plpgsql as $$
declare v jsonb; v_set text;
begin
    for v_set in select c from unnest((select proconfig from pg_proc where oid = 'ops.event_lines'::regproc)) c where c !~ '^search_path' loop
        perform set_config(split_part(v_set, '=', 1), split_part(v_set, '=', 2), true);
    end loop;
    execute 'explain (format json) ' || replace(replace(replace(replace(ops.event_source('e.position', p_from, p_to), '$1', current_setting('test.batch')), '$2', '7'), '$3', '0'), '$4', '100') into v;
    return v::text;
end $$;
select set_config('test.batch', :'second', true) \g /dev/null
create temp table plan as
select 'an hour' as span, 1 as days, pg_temp.plan_of(now() - interval '1 hour', now() - interval '1 hour') as plan
union all select 'three days', 3, pg_temp.plan_of(now() - interval '3 days', now() - interval '1 day')
union all select 'any day', (select count(*)::integer from ops.event_partitions(null, null)), pg_temp.plan_of(null, null);
reset enable_nestloop; reset enable_seqscan; reset jit; reset max_parallel_workers_per_gather; reset timezone; reset work_mem; reset datestyle;
select is((select count(distinct m[1])::integer from regexp_matches(plan, '"Relation Name": "(events_[0-9]+)"', 'g') m), days, span || ': so many days are looked at') from plan;
select is((select count(*)::integer from regexp_matches(plan, '"Bitmap Index Scan"[^{}]*"Index Name": "events_[0-9]+_batch_id_idx"', 'g')), days, span || ': each by its BRIN index') from plan;
select ok(plan !~ 'Seq Scan|Nested Loop|_pkey|Gather', span || ': and by nothing else') from plan;
select ok(proconfig @> '{enable_nestloop=off,enable_seqscan=off,jit=off,max_parallel_workers_per_gather=0}', proname || ' carries its settings') from pg_proc where oid in ('ops.event_lines'::regproc, 'ops.event_sizes'::regproc, 'ops.archive_positions'::regproc);
select is(count(*), 0::bigint, 'no days at all') from ops.event_lines(1, 1, 0, 1, '1999-01-01', '1999-01-02');
select * from finish();
rollback;
