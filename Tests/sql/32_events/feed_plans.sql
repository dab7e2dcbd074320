-- The plan for a batch of 20,000 events that statistics have not seen, beside 100,000 of other batches; batches of any dirt; and
-- how a package is found among many. The judging is explained as it is, with the settings of events.store_range().
begin;
\ir ../support.psql
\ir feed.psql
select * from no_plan();
select is((select proconfig from pg_proc where oid = 'events.store_range'::regproc) @> '{enable_nestloop=off,enable_seqscan=off,plan_cache_mode=auto,jit=off,TimeZone=UTC}', true, 'store_range carries its settings');
insert into staging.event (batch_id, position, slot, message_key, payload)
select -1 - n / 20000, n, 0, convert_to(events.correlation_id('018a0000-0000-7000-8000-000000100000', n)::text, 'UTF8'), convert_to(pg_temp.event()::text, 'UTF8') from generate_series(1, 100000) n;
analyze staging.event;
select pg_temp.land((select array_agg(pg_temp.event(case when n % 10 = 0 then '{"x":1}' else '{}' end::jsonb) order by n) from generate_series(1, 20000) n)) as batch \gset
select ops.summarize_slot('events.raw', 0::smallint);
create function pg_temp.plan_of(p_sql text) returns text language plpgsql as $$
declare v jsonb; v_set text;
begin
    for v_set in select c from unnest((select proconfig from pg_proc where oid = 'events.store_range'::regproc)) c where c !~ '^search_path' loop
        perform set_config(split_part(v_set, '=', 1), split_part(v_set, '=', 2), true);
    end loop;
    execute 'explain (format json) ' || p_sql into v;
    return v::text;
end $$;
create temp table plan as select 'custom' as mode, pg_temp.plan_of(format('select * from events.judged_events(false, %s, 0::smallint, 0, 9223372036854775807, ''[2020-01-01,2099-01-01]'')', :batch)) as plan;
-- What a plan kept for many batches looks like.
prepare judging (boolean, bigint, smallint, bigint, bigint, tstzrange) as select * from events.judged_events($1, $2, $3, $4, $5, $6);
set local plan_cache_mode = force_generic_plan;
create function pg_temp.kept_plan(p_batch bigint) returns text language plpgsql as $$
declare v jsonb;
begin
    execute format('explain (analyze, timing off, format json) execute judging (false, %s, 0::smallint, 0, 9223372036854775807, ''[2020-01-01,2099-01-01]'')', p_batch) into v;
    return v::text;
end $$;
insert into plan select 'kept', pg_temp.kept_plan(:batch);
reset plan_cache_mode; reset enable_nestloop; reset enable_seqscan; reset jit; reset timezone; reset work_mem; reset datestyle;
select ok(plan !~ '"Function Scan"', mode || ' plan: the rules are inlined') from plan;
select ok(plan ~ 'event_0_batch_id_idx', mode || ' plan: the BRIN index finds the batch') from plan;
select ok(plan !~ '"Node Type": "Nested Loop"', mode || ' plan: no nested loop') from plan;
select ok(plan !~ '"Node Type": "Seq Scan"[^{}]*"event_', mode || ' plan: staging is not read from end to end') from plan;
select ok(plan !~ '"Relation Name": "event_[12]"[^{}]*"Actual Loops": [1-9]' and (mode = 'kept' or plan !~ 'event_[12]"'), mode || ' plan: no other slot is read') from plan;
select ok(plan !~ '"Relation Name": "event_dead_letter_[012]"[^{}]*"Actual Loops": [1-9]' and (mode = 'kept' or plan !~ 'event_dead_letter'), mode || ' plan: nor dead letters') from plan;
create function pg_temp.read() returns table (sequential bigint, fetched bigint) language sql volatile as
    $$ select pg_stat_get_xact_numscans('staging.event_0'::regclass), pg_stat_get_xact_tuples_fetched('staging.event_0'::regclass) $$;
select sequential as scans_before, fetched as fetched_before from pg_temp.read() \gset
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote_events()', 'values (20000::bigint, 18000::bigint, 2000::bigint, 0::bigint)', 'the batch is promoted');
select is(sequential - :scans_before, 0::bigint, 'without a sequential scan of staging') from pg_temp.read();
select cmp_ok(fetched - :fetched_before, '<', 100000::bigint, 'and reading little of the other batches') from pg_temp.read();

-- 0, 1, 10, 85 and 100 % bad, all of it once more, and a batch about one message.
create temp table dirt (bad integer, events jsonb[], batch_id bigint);
insert into dirt (bad, events)
select bad, array(select pg_temp.event(case when n % 100 < bad then (array['{"data":{"id":1,"amount":1}}', '{"attributes":{"type":""}}', '{"attributes":{"timestampStamp":"now"}}', '{"x":1}'])[1 + n % 4] else '{}' end::jsonb) from generate_series(0, 3999) n)
from unnest('{0,1,10,85,100}'::int[]) bad;
update dirt set batch_id = pg_temp.land(events);
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote_events()', 'select 4000::bigint, 4000 - 40::bigint * bad, 40::bigint * bad, 0::bigint from dirt order by batch_id', 'each is stored and rejected as it should');
select is((select array_agg(distinct array_to_string(codes, ',') order by array_to_string(codes, ',')) from staging.reject r join dirt using (batch_id) where bad = 85), '{data_id_type,event_type_missing,timestamp_malformed,unknown_field}', '85 %: with the codes they should have');
select pg_temp.land(events) as again from dirt where bad = 0 \gset
select results_eq('select stored, rejected, duplicate from pg_temp.promote_events()', 'values (0::bigint, 0::bigint, 4000::bigint)', 'a whole batch of duplicates');
select pg_temp.land(array(select pg_temp.event(jsonb_build_object('data', jsonb_build_object('id', 'x', 'amount', n % 2)), 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11') from generate_series(1, 4000) n)) as one \gset
select results_eq('select stored, rejected, duplicate from pg_temp.promote_events()', 'values (1::bigint, 2000::bigint, 1999::bigint)', 'a whole batch of one id');

-- A package among a million rows of the ledger, 100,000 rejects and 100,000 that wait in staging.
insert into events.message (message_id, digest, timestamp_stamp, batch_id, position, correlation_id)
select gen_random_uuid(), gen_random_uuid(), now(), -1, n, events.correlation_id((substr(i, 1, 8) || '-' || substr(i, 9, 4) || '-7000-8000-000000000000')::uuid, 1 + n % 20)
from (select n, lpad(to_hex(1700000000000 + n / 20), 12, '0') as i from generate_series(1, 300000) n) t;
select brin_summarize_new_values('events.message_correlation_id_idx') \g /dev/null
insert into staging.reject (received_on, batch_id, position, run_id, disposition, severity, codes, reasons, payload, message_key)
select (now() at time zone 'UTC')::date, -2, n, 1, 'rejected', 'error', '{x}', '{x}', '', convert_to(events.correlation_id((substr(i, 1, 8) || '-' || substr(i, 9, 4) || '-7000-8000-000000000000')::uuid, 1 + n % 20)::text, 'UTF8')
from (select n, lpad(to_hex(1700000000000 + n / 20), 12, '0') as i from generate_series(1, 100000) n) t;
create function pg_temp.scanned() returns bigint language sql volatile as $$
    select sum(pg_stat_get_xact_numscans(c.oid) * 0 + pg_stat_get_xact_tuples_returned(c.oid) + pg_stat_get_xact_tuples_fetched(c.oid))::bigint from pg_class c
    where c.oid = 'events.message'::regclass or c.oid in (select inhrelid from pg_inherits where inhparent in ('staging.reject'::regclass, 'staging.event'::regclass)) $$;
select pg_temp.scanned() as before \gset
select is((select format('%s %s', stored, (select count(*) from events.trace(events.correlation_id(package_id, 1)))) from events.package_status((lpad(to_hex(1700000000000 / 65536), 8, '0') || '-' || right(to_hex(1700000000000 + 7000), 4) || '-7000-8000-000000000000')::uuid)), '20 1', 'a package of the middle is found');
select cmp_ok(pg_temp.scanned() - :before, '<', 40000::bigint, 'by a look at few rows');
select * from finish();
rollback;
