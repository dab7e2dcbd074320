-- A session that has planned for one order gets a plan for many, too: the one it had kept joined the transition tables by a
-- nested loop, minutes for what takes a second. The limit is there to end that, not to measure.
begin;
\ir ../support.psql
\ir fixture.psql
select * from no_plan();
set local statement_timeout = '60s';
select is(pg_temp.done(q), '', q) from unnest(array[
    $$update shop.products set stock_quantity = 1000000 where product_id = 3$$,
    $$insert into shop.orders (order_id, customer_id, total_amount, currency) select i, 1, 0, 'EUR' from generate_series(1, 40000) i;
        insert into shop.order_items select i, 3, 1, 0, 0, 0 from generate_series(1, 40000) i$$,
    $$update shop.orders set status = 'paid' where order_id = 1$$, $$update shop.orders set status = 'paid' where order_id > 1$$,
    $$update shop.order_items set quantity = 2 where order_id = 1$$, $$update shop.order_items set quantity = 3$$,
    $$update shop.products set price = 26 where product_id = 3$$,
    $$update shop.orders set status = 'cancelled'$$]) q;
select is(pg_temp.stock(), '100 5 1000000 0', 'and all is back');
select is_empty('select * from shop.order_fault', 'no order has a fault');
select is_empty('select * from shop.stock_fault', 'no stock has a fault');
select * from finish();
rollback;
