-- The plan of promote's big statement for a batch that statistics have not seen, beside 200,000 rows of other batches.
-- Limits: it explains the core of the statement (the scan of staging, the judging, the insert of rejects), written here
-- with the settings that membership.promote carries, read from the catalog; a change of the statement itself is noticed
-- only by the last tests, which run the function and count what it read. Nothing is timed.
begin;
\ir ../support.psql
select * from no_plan();
select is((select proconfig from pg_proc where oid = 'membership.promote(bigint, bigint)'::regprocedure) @> '{plan_cache_mode=force_custom_plan,enable_nestloop=off,enable_seqscan=off}', true, 'promote carries its settings');
select is((select proconfig from pg_proc where oid = 'membership.store(ops.batch, bigint, membership.policy, membership.candidate[])'::regprocedure) @> '{plan_cache_mode=force_custom_plan}', true, 'so does store');
truncate staging.membership_application;
insert into staging.membership_application (batch_id, position, line, slot, payload)
select -1 - n / 20000, n, n + 1, 0, convert_to(format('Old Name%s,old%s@x.com,1990-01-01,11111111', n, n), 'UTF8') from generate_series(0, 199999) n;
analyze staging.membership_application;
select pg_temp.land(array(select format('New Name%s,new%s@x.com,1990-01-01,%s', n, n, case when n % 10 = 0 then '1' else '11111111' end) from generate_series(1, 5000) n)) as batch \gset
select ops.summarize_slot('membership.application', 0::smallint);
select is((select count(*) from pg_stats where schemaname = 'staging' and tablename = 'membership_application_0' and attname = 'batch_id' and most_common_vals::text::bigint[] @> array[:batch]::bigint[]), 0::bigint, 'statistics have not seen the batch');

create function pg_temp.plan_of(p_sql text) returns text language plpgsql as $$
declare v jsonb; v_set text;
begin
    for v_set in select c from unnest((select proconfig from pg_proc where oid = 'membership.promote(bigint, bigint)'::regprocedure)) c where c !~ '^search_path' loop
        perform set_config(split_part(v_set, '=', 1), split_part(v_set, '=', 2), true);
    end loop;
    execute 'explain (format json) ' || p_sql into v;
    return v::text;
end $$;
create temp table plan as select pg_temp.plan_of(format($q$
    with judged as materialized (
        select z.position, z.line, z.payload, cardinality(z.v) as width, membership.mobile_rule(z.v[4]) as failures
        from (select s.position, s.line, s.payload, staging.record_values(s.payload, s.fields, s.defect, 'csv', '{name,email,date_of_birth,mobile_no}', ',') as v
              from staging.membership_application s where s.batch_id = %s and s.slot = 0 offset 0) z
    ), verdicts as materialized (
        select failures, array_remove(string_to_array(failures, ','), '') as codes from (select distinct failures from judged where failures <> '') f
    ), rejected as (
        insert into staging.reject (received_on, batch_id, position, line, run_id, disposition, severity, codes, reasons, payload)
        select current_date, %1$s, j.position, j.line, 1, 'rejected', 'error', v.codes, v.reasons, j.payload
        from judged j join (select failures, codes, ops.reasons('membership.application', codes) as reasons from verdicts offset 0) v using (failures)
    )
    select count(*) from judged$q$, :batch)) as plan;
reset enable_nestloop; reset enable_seqscan; reset plan_cache_mode; reset timezone;
select ok(plan ~ 'membership_application_0_batch_id_idx', 'the BRIN index finds the batch') from plan;
select ok(plan !~ '"Node Type": "Seq Scan"[^{}]*membership_application', 'staging is not read from end to end') from plan;
select ok(plan !~ '"Node Type": "Nested Loop"', 'no nested loop joins what was judged') from plan;
select ok(plan !~ 'membership_application_[12]"', 'no other slot is read') from plan;
select ok((select count(*) from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam where i.indrelid = 'staging.membership_application_0'::regclass and a.amname = 'brin' and i.indisvalid) = 1, 'the slot''s BRIN index is there and valid');

-- The function itself: what it read of staging, by the counters of this transaction.
create function pg_temp.read() returns table (sequential bigint, fetched bigint) language sql volatile as
    $$ select pg_stat_get_xact_numscans('staging.membership_application_0'::regclass), pg_stat_get_xact_tuples_fetched('staging.membership_application_0'::regclass) $$;
select sequential as scans_before, fetched as fetched_before from pg_temp.read() \gset
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote()', 'values (5000::bigint, 4500::bigint, 500::bigint, 0::bigint)', 'the batch is promoted');
select is(sequential - :scans_before, 0::bigint, 'promote made no sequential scan of staging') from pg_temp.read();
select cmp_ok(fetched - :fetched_before, '<', 60000::bigint, 'and read little of the other batches') from pg_temp.read();
select is((select count(*) from staging.membership_application where batch_id < 0), 200000::bigint, 'which are as they were');
select * from finish();
rollback;
