-- The plan for a batch of 20,000 messages that statistics have not seen, beside 100,000 of other batches; and batches of any
-- dirt. The judging is explained as it is, with the settings of shop.store_customers(); the rest is noticed by counters of
-- what the function read. Nothing is timed.
begin;
\ir ../support.psql
\ir customers.psql
select * from no_plan();
select is((select proconfig from pg_proc where oid = 'shop.store_customers'::regproc) @> '{enable_nestloop=off,enable_seqscan=off,plan_cache_mode=auto,jit=off,TimeZone=UTC}', true, 'store_customers carries its settings');
insert into staging.shop_customer (batch_id, position, slot, message_key, payload)
select -1 - n / 20000, n, 0, convert_to(n::text, 'UTF8'), convert_to(pg_temp.customer(jsonb_build_object('customer_id', n))::text, 'UTF8') from generate_series(1, 100000) n;
analyze staging.shop_customer;
select pg_temp.land_customers(array(select pg_temp.customer(jsonb_build_object('customer_id', n) || case when n % 10 = 0 then '{"age":400,"email":"x"}' else '{}' end::jsonb) from generate_series(1, 20000) n)) as batch \gset
select ops.summarize_slot('shop.customer', 0::smallint);
create function pg_temp.plan_of(p_sql text) returns text language plpgsql as $$
declare v jsonb; v_set text;
begin
    for v_set in select c from unnest((select proconfig from pg_proc where oid = 'shop.store_customers'::regproc)) c where c !~ '^search_path' loop
        perform set_config(split_part(v_set, '=', 1), split_part(v_set, '=', 2), true);
    end loop;
    execute 'explain (format json) ' || p_sql into v;
    return v::text;
end $$;
create temp table plan as select mode, pg_temp.plan_of(statement) as plan
from (values ('custom', format('select * from shop.judged_customers(%s, 0::smallint, 0, 9223372036854775807, now(), now())', :batch))) v (mode, statement);
-- What a plan kept for many batches looks like.
prepare judging (bigint, smallint, bigint, bigint) as select * from shop.judged_customers($1, $2, $3, $4, now(), now());
set local plan_cache_mode = force_generic_plan;
create function pg_temp.kept_plan(p_batch bigint) returns text language plpgsql as $$
declare v jsonb;
begin
    execute format('explain (analyze, timing off, format json) execute judging (%s, 0::smallint, 0, 9223372036854775807)', p_batch) into v;
    return v::text;
end $$;
insert into plan select 'kept', pg_temp.kept_plan(:batch);
reset plan_cache_mode; reset enable_nestloop; reset enable_seqscan; reset jit; reset timezone; reset work_mem;
select ok(plan !~ '"Function Scan"', mode || ' plan: the rules are inlined') from plan;
select ok(plan ~ 'shop_customer_0_batch_id_idx', mode || ' plan: the BRIN index finds the batch') from plan;
select ok(plan !~ '"Node Type": "Nested Loop"', mode || ' plan: no nested loop') from plan;
select ok(plan !~ '"Node Type": "Seq Scan"[^{}]*shop_customer', mode || ' plan: staging is not read from end to end') from plan;
select ok(plan !~ '"Relation Name": "shop_customer_[12]"[^{}]*"Actual Loops": [1-9]' and (mode = 'kept' or plan !~ 'shop_customer_[12]"'), mode || ' plan: no other slot is read') from plan;
create function pg_temp.read() returns table (sequential bigint, fetched bigint) language sql volatile as
    $$ select pg_stat_get_xact_numscans('staging.shop_customer_0'::regclass), pg_stat_get_xact_tuples_fetched('staging.shop_customer_0'::regclass) $$;
select sequential as scans_before, fetched as fetched_before from pg_temp.read() \gset
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote_customers()', 'values (20000::bigint, 18000::bigint, 2000::bigint, 0::bigint)', 'the batch is promoted');
select is(sequential - :scans_before, 0::bigint, 'without a sequential scan of staging') from pg_temp.read();
select cmp_ok(fetched - :fetched_before, '<', 60000::bigint, 'and reading little of the other batches') from pg_temp.read();

-- 0, 1, 10, 85 and 100 % bad, and all of it once more.
create temp table dirt (bad integer, batch_id bigint);
insert into dirt
select bad, pg_temp.land_customers(array(
    select pg_temp.customer(jsonb_build_object('customer_id', 100000 + bad * 10000 + n) || case when n % 100 < bad then (array['{"age":-1}', '{"email":null,"country":"x"}', '{"event_time":"now"}', '{"last_name":[]}'])[1 + n % 4] else '{}' end::jsonb)
    from generate_series(0, 3999) n))
from unnest('{0,1,10,85,100}'::int[]) bad;
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote_customers()', 'select 4000::bigint, 4000 - 40::bigint * bad, 40::bigint * bad, 0::bigint from dirt order by batch_id', 'each is stored and rejected as it should');
select is((select array_agg(distinct array_to_string(codes, ',') order by array_to_string(codes, ',')) from staging.reject r join dirt using (batch_id) where bad = 85), '{age_impossible,"email_missing,country_unknown",event_time_malformed,last_name_type}', '85 %: with the codes they should have');
select pg_temp.land_customers(array(select pg_temp.customer(jsonb_build_object('customer_id', 100000 + n)) from generate_series(0, 3999) n)) as again \gset
select results_eq('select stored, rejected, duplicate from pg_temp.promote_customers()', 'values (0::bigint, 0::bigint, 4000::bigint)', 'a whole batch of duplicates');
select pg_temp.land_customers(array(select pg_temp.customer(jsonb_build_object('customer_id', 7, 'age', n % 100, 'event_time', to_char(timestamp '2026-01-01' + n * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))) from generate_series(1, 4000) n)) as one \gset
select results_eq('select stored, rejected, duplicate from pg_temp.promote_customers()', 'values (4000::bigint, 0::bigint, 0::bigint)', 'a whole batch about one customer');
select is_empty($$select * from ops.reconcile('shop.customer')$$, 'the books hold');
select * from finish();
rollback;
