-- Several sessions at once: two promote a source's orders, two its lines, two assemble it meanwhile, one replays. One result, no deadlock.
-- Sessions see only what is committed, so this file commits; its folder has a database of its own.
\ir ../../../support.psql
\ir ../../sources.psql
\ir ../../../sessions.psql
select * from no_plan();
select pg_temp.add_source();
select pg_temp.take('customers', array(select format('%s,,Ash,,,,,,,', n) from generate_series(1, 50) n)) as customers,
    pg_temp.take('products', array(select format('%s,Mug,Kitchen,1,,%s,', n, n) from generate_series(1, 20) n)) as products \gset
-- Orders and lines of all batches mix: their keys come in another order in each.
create temp table landed as
select feed, pg_temp.land_source(feed, records) as batch_id
from (
    select 'orders' as feed, array(select format('%s,%s,,2025-01-%s,,,%s,', n, 1 + n % 50, 10 + n % 20, case when n % 7 = 0 then 'cancelled' else 'paid' end)
        from generate_series(1, 3000) n where n % 6 = part order by case when part % 2 = 0 then n else -n end) as records from generate_series(0, 5) part
    union all
    select 'order_details', array(select format('%s,%s,%s,%s,1.00,', 1 + n % 3000, n / 3000, 1 + n % 19, 1 + n % 3)
        from generate_series(1, 8999) n where n % 6 = part order by case when part % 2 = 0 then n else -n end) from generate_series(0, 5) part
    union all
    select 'orders', array['9000,1,,2025-02-30,,,new,']
) b;
select is((select count(*) from ops.batch join landed using (batch_id) where state = 'landed'), 13::bigint, 'thirteen batches are landed');

create function pg_temp.begins(p_name text, p_work text) returns integer language sql as $$
    select dblink_send_query(p_name, p_work) from pg_temp.connect(p_name, p_login => 'postgres')
$$;
select ops.start_run('load', 'source.orders', '{}') as run \gset
select pg_temp.begins(name, format(case
        when name like 'assembles%' then 'do $do$ begin for i in 1 .. 8 loop perform ops.complete_run(%1$s); commit; perform pg_sleep(0.02); end loop; end $do$'
        when name = 'replays' then 'do $do$ begin for i in 1 .. 4 loop perform ops.replay(''source.orders'', ''{"source":"demo"}'', false); commit; end loop; end $do$'
        else 'do $do$ declare v_done ops.promotion; begin loop select * into v_done from ops.promote_next(''source.' || split_part(name, ' ', 1) || ''', %1$s); exit when not found; commit; end loop; end $do$' end, :run))
from unnest('{orders 1,orders 2,order_details 1,order_details 2,assembles 1,assembles 2,replays}'::text[]) name \g /dev/null
select is((select said from dblink_get_result(name) as t (said text)), 'DO', name)
from unnest('{orders 1,orders 2,order_details 1,order_details 2,assembles 1,assembles 2,replays}'::text[]) name;

select is((select count(*) from ops.batch join landed using (batch_id) where state = 'promoted'), 13::bigint, 'all batches are promoted');
select ops.complete_run(:run) \g /dev/null
select is((select count(*) || ' ' || count(distinct order_id) from shop.orders), '3000 3000', 'every order is in the shop once');
select is((select sum(quantity) from shop.order_items), (select sum(1 + n % 3) from generate_series(1, 8999) n), 'with all its pieces');
select is((select sum(total_amount) from shop.orders), (select sum(1 + n % 3)::numeric from generate_series(1, 8999) n), 'and its total');
select is((select count(*) from shop.source_version where feed like 'source.order%'), 11999::bigint, 'each record is booked once');
select is((select count(*) from shop.products p join shop.source_products s using (product_id) where p.stock_quantity <> s.units_in_stock), 0::bigint, 'the stock is the source''s');
select is_empty('select * from quality.open_finding', 'no finding is left open');
select is(pg_temp.faults(), 0::bigint, 'stock, totals and books hold');
select is((select d ->> 'orders' from (select pg_temp.assemble() as d) a), null, 'and nothing is left to do');
select * from finish();
