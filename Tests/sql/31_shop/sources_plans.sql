-- Plans of order sources: a batch of 20,000 records that statistics have not seen beside 100,000 of others, batches of any dirt, rules
-- that are inlined, and what the assembly reads, of tables that have just been filled.
begin;
\ir ../support.psql
\ir sources.psql
select * from no_plan();
select pg_temp.add_source();
select ok((select proconfig from pg_proc where oid = 'shop.store_source'::regproc) @> '{enable_nestloop=off,enable_seqscan=off,plan_cache_mode=auto,jit=off,TimeZone=UTC}', 'store_source carries its settings');
select ok((select proconfig from pg_proc where oid = f::regproc) @> '{enable_nestloop=off,jit=off}', f || ' carries its settings')
from unnest('{shop.assemble_source,shop.place_orders,shop.amend_orders,shop.source_faults}'::text[]) f;

create function pg_temp.plan_of(p_sql text) returns text language plpgsql as $$
declare
    v_plan jsonb;
begin
    set local enable_nestloop = off;
    set local jit = off;
    execute 'explain (verbose, format json) ' || p_sql into v_plan;
    reset enable_nestloop;
    reset jit;
    return v_plan::text;
end
$$;
select ok(plan !~ '"Function Name": "judged' and plan !~ 'shop\.(source|record)_[a-z]+\(|staging\.(bare_text|words_rule|instant_text)\(|shop\.(international_phone|bare_phone|folded_country|calendar_day)\(', judge || ' is inlined, and what it calls, but for times with an offset')
from (select judge, pg_temp.plan_of(format($$select * from staging.%s s cross join lateral shop.%s(string_to_array(convert_from(s.payload, 'UTF8'), ','), 'UTC', 2, '2000-01-01', '2030-01-01') j$$, substr(judge, 8), judge)) as plan
    from unnest('{judged_source_customers,judged_source_employees,judged_source_products,judged_source_orders,judged_source_order_details}'::text[]) judge) t;
select ok(pg_temp.plan_of($$select shop.record_digest(fields), shop.source_key('source.orders', fields) from staging.source_orders$$) !~ 'shop\.', 'digest and key are inlined');

insert into staging.source_orders (batch_id, position, line, slot, payload)
select -1 - n / 20000, n, n, 0, convert_to(n || ',1,,2025-01-05,,,new,', 'UTF8') from generate_series(1, 100000) n;
analyze staging.source_orders;
select pg_temp.land_source('orders', array(select format('%s,1,,%s,,,new,', n, case when n % 10 = 0 then '0000-00-00' else '2025-01-05' end) from generate_series(1, 20000) n)) as batch \gset
select ops.summarize_slot('source.orders', 0::smallint);
create function pg_temp.read() returns table (sequential bigint, fetched bigint) language sql volatile as
    $$ select pg_stat_get_xact_numscans('staging.source_orders_0'::regclass), pg_stat_get_xact_tuples_fetched('staging.source_orders_0'::regclass) $$;
select sequential as scans_before, fetched as fetched_before from pg_temp.read() \gset
select results_eq($$select received, stored, rejected, duplicate from pg_temp.promote_source('orders')$$, 'values (20000::bigint, 18000::bigint, 2000::bigint, 0::bigint)', 'the batch is promoted');
select is(sequential - :scans_before, 0::bigint, 'without a sequential scan of staging') from pg_temp.read();
select cmp_ok(fetched - :fetched_before, '<', 100000::bigint, 'and reading little of the other batches') from pg_temp.read();

create temp table dirt (bad integer, batch_id bigint);
insert into dirt
select bad, pg_temp.land_source('orders', array(select format('%s,1,,%s', 100000 + bad * 10000 + n, case when n % 100 < bad then (array['now,,,new,', '2025-01-05,x,,new,', '2025-01-05,,,lost,', ',,,,'])[1 + n % 4] else '2025-01-05,,,new,' end) from generate_series(0, 3999) n))
from unnest('{0,1,10,85,100}'::int[]) bad;
select results_eq($$select received, stored, rejected, duplicate from pg_temp.promote_source('orders')$$, 'select 4000::bigint, 4000 - 40::bigint * bad, 40::bigint * bad, 0::bigint from dirt order by batch_id', 'batches of any dirt');
select pg_temp.land_source('orders', array(select format('%s,1,,2025-01-05,,,new,', 100000 + n) from generate_series(0, 3999) n)) as again \gset
select results_eq($$select stored, rejected, duplicate from pg_temp.promote_source('orders')$$, 'values (0::bigint, 0::bigint, 4000::bigint)', 'a whole batch of duplicates');
select pg_temp.land_source('orders', array(select format('9,1,,2025-01-0%s,,,new,', 1 + n % 2) from generate_series(1, 4000) n)) as one \gset
select results_eq($$select stored, rejected, duplicate from pg_temp.promote_source('orders')$$, 'values (4000::bigint, 0::bigint, 0::bigint)', 'a whole batch about one order');

-- The assembly, of what statistics have not seen.
select ok(plan !~ 'Nested Loop' or plan !~ 'source_order_details_(pkey|order_key_idx)', 'no look-up a record: ' || v)
from (select v, pg_temp.plan_of(v) as plan from unnest(array['select * from shop.source_order_state where source = ''demo''', 'select * from shop.source_order_item where source = ''demo''']) v) t;
select is(pg_temp.take('customers', '{"1,,Ash,,,,,,,"}') || ' ' || pg_temp.take('products', array(select format('%s,Mug,Kitchen,1,,5,', n) from generate_series(1, 50) n)) || ' '
    || pg_temp.take('order_details', array(select format('%s,%s,%s,1,1.00,', 1 + n % 9000, n, 1 + n % 50) from generate_series(1, 18000) n)), '1/0/0 50/0/0 18000/0/0', '18,000 lines');
select pg_stat_get_xact_numscans('shop.source_order_details_order_key_idx'::regclass) + pg_stat_get_xact_numscans('shop.source_order_details_pkey'::regclass) + pg_stat_get_xact_numscans('shop.source_orders_pkey'::regclass) as before \gset
select is(pg_temp.assemble() ->> 'orders', '8100', 'are assembled');
select cmp_ok(pg_stat_get_xact_numscans('shop.source_order_details_order_key_idx'::regclass) + pg_stat_get_xact_numscans('shop.source_order_details_pkey'::regclass) + pg_stat_get_xact_numscans('shop.source_orders_pkey'::regclass) - :before, '<', 1000::bigint, 'in few scans');
select is(pg_temp.faults(), 0::bigint, 'all holds');
select * from finish();
rollback;
