-- An order system's stock is taken while the shop sells the same products: neither ends the other by a deadlock.
-- Sessions see only what is committed, so this file commits; its folder has a database of its own.
\ir ../../../support.psql
\ir ../../sources.psql
\ir ../../../sessions.psql
select * from no_plan();
select pg_temp.add_source();
select pg_temp.take('customers', '{"1,,Ash,,,,,,,"}'), pg_temp.take('products', '{"1,Mug,Kitchen,1,,10,","2,Pot,Kitchen,1,,10,"}'), pg_temp.assemble() \g /dev/null
select min(product_id) as one, max(product_id) as two from shop.products \gset
select customer_id as customer from shop.customers \gset
-- In the table the second now comes before the first.
update shop.products set name = 'Mug, blue' where product_id = :one;
select pg_temp.land_source('products', '{"1,Mug,Kitchen,1,,11,","2,Pot,Kitchen,1,,11,"}'), (select count(*) from pg_temp.promote_source('products')) \g /dev/null
select ops.start_run('load', 'source.orders', '{}') as run \gset

select pg_temp.connect('sells', p_login => 'postgres'), pg_temp.connect('takes', p_login => 'postgres') \g /dev/null
select pid as takes from dblink('takes', 'select pg_backend_pid()') as t (pid integer) \gset
select dblink_exec('sells', format($$begin; insert into shop.orders (order_id, customer_id, total_amount, currency) values (1, %s, 2, 'EUR');
    insert into shop.order_items (order_id, product_id, quantity, unit_price, total_price) values (1, %s, 1, 1, 1)$$, :customer, :one)) \g /dev/null
select dblink_send_query('takes', format('select ops.complete_run(%s)', :run)) \g /dev/null
-- Until it waits for the first product, whatever it has locked by then.
select pg_temp.waits('takes') \g /dev/null
select is((select count(*) from pg_locks where pid = :takes and not granted), 1::bigint, 'it waits for the order');
select is(dblink_exec('sells', format('insert into shop.order_items (order_id, product_id, quantity, unit_price, total_price) values (1, %s, 1, 1, 1)', :two)), 'INSERT 0 1', 'which takes the other product');
select is(dblink_exec('sells', 'commit'), 'COMMIT', 'and is there');
select is((select done::jsonb -> 'demo' ->> 'products' from dblink_get_result('takes') as t (done text)), '2', 'then both products are taken');
select is(pg_temp.stock_of(), '1:11 2:11', 'with the stock that the source has');
select is(pg_temp.faults(), 0::bigint, 'stock, totals and books hold');
select * from finish();
