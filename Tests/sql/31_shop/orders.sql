-- Rules across rows: totals, lines, amounts of a currency, status, stock.
begin;
\ir ../support.psql
\ir fixture.psql
select * from no_plan();
select is(pg_temp.placed(1, '{{1,2,10,0},{2,1,30,5}}'), '', 'an order whose total is the sum of its items');
select is(pg_temp.stock(), '98 4 10 0', 'the stock has moved');
select is(pg_temp.placed(2, '{{1,2,10,0}}', 19.99), '23514 orders_total_amount_check', 'another total');
select is(pg_temp.placed(2, '{}', 0), '23514 orders_items_check', 'no items');
select is(pg_temp.placed(2, '{}', 0, 'cancelled'), '', 'no items, but cancelled');
select is(pg_temp.placed(3, '{}', 5, 'cancelled'), '23514 orders_total_amount_check', 'no items, cancelled, but a total');
select is(pg_temp.placed(4, '{{1,1,10.5,0}}', p_currency => 'JPY'), '23514 orders_currency_check', 'half a yen');
select is(pg_temp.placed(4, '{{1,1,1050,0}}', p_currency => 'JPY'), '', 'yen');
select is(pg_temp.placed(5, '{{1,1,1.125,0}}', p_currency => 'KWD'), '', 'three decimals of a dinar');
select is(pg_temp.placed(6, '{{1,1,1.125,0}}', p_currency => 'EUR'), '23514 orders_currency_check', 'three decimals of a euro');
select is(pg_temp.placed(6, '{{1,1,0,0}}'), '', 'a gift');
select is(pg_temp.stock(), '95 4 10 0', 'what was refused has taken nothing off the stock');

-- Orders of statements that must work, and those that must not.
select is(pg_temp.done(q), outcome, q) from (values
    ($$delete from shop.order_items where (order_id, product_id) = (1, 2); update shop.orders set total_amount = 20 where order_id = 1$$, ''),
    ($$update shop.orders set total_amount = 80 where order_id = 1; insert into shop.order_items values (1, 2, 2, 30, 0, 60)$$, ''),
    ($$delete from shop.order_items where order_id = 1$$, '23514 orders_items_check'),
    ($$delete from shop.order_items where order_id = 1; delete from shop.orders where order_id = 1$$, ''),
    ($$update shop.order_items set quantity = 2, total_price = 2100 where order_id = 4$$, '23514 orders_total_amount_check'),
    ($$update shop.order_items set quantity = 2, total_price = 2100 where order_id = 4; update shop.orders set total_amount = 2100 where order_id = 4$$, ''),
    ($$update shop.order_items set product_id = 3 where order_id = 4$$, ''),
    ($$update shop.order_items set order_id = 6 where order_id = 4$$, '23514 orders_items_check'),
    ($$update shop.orders set currency = 'EUR' where order_id = 5$$, '23514 orders_currency_check'),
    ($$update shop.orders set customer_id = 2 where order_id = 4$$, '23514 orders_customer_id_check'),
    ($$update shop.orders set order_id = 60 where order_id = 6$$, '23503 order_items_order_id_fkey'),
    ($$update shop.orders set order_id = 20 where order_id = 2$$, '23503 order_status_history_order_id_fkey'),
    ($$update shop.orders set total_amount = total_amount, shipping_address = 'Elm St 1'$$, '')) as v (q, outcome);
select is(pg_temp.stock(), '98 5 8 0', 'the stock goes with the lines');

-- Below zero: never, and all of a statement or nothing.
select is(pg_temp.placed(7, '{{2,5,30,0}}'), '', 'all there is');
select is(pg_temp.placed(8, '{{1,1,10,0},{2,1,30,0}}'), '23514 products_stock_quantity_check', 'one more than there is');
select is(pg_temp.placed(8, '{{4,1,200,0}}'), '23514 products_stock_quantity_check', 'none there');
select is(pg_temp.placed(8, '{{4,1,200,0}}', p_status => 'cancelled'), '', 'a cancelled order takes nothing');
select is(pg_temp.done($$update shop.order_items set quantity = 6, total_price = 180 where order_id = 7; update shop.orders set total_amount = 180 where order_id = 7$$), '23514 products_stock_quantity_check', 'raised beyond the stock');
select is(pg_temp.stock(), '98 0 8 0', 'nothing has moved');

-- Status.
select is(pg_temp.done(format('update shop.orders set status = %L where order_id = 7', s)), outcome, '7 goes to ' || s) from (values
    ('shipped', '23514 orders_status_check'), ('delivered', '23514 orders_status_check'), ('returned', '23514 orders_status_check'), ('paid', ''), ('pending', '23514 orders_status_check'), ('shipped', ''), ('cancelled', '23514 orders_status_check'),
    ('delivered', ''), ('paid', '23514 orders_status_check'), ('returned', ''), ('delivered', '23514 orders_status_check'), ('cancelled', '23514 orders_status_check')) as v (s, outcome);
select is(pg_temp.stock(), '98 5 8 0', 'what is returned is stock again');
select is(pg_temp.done($$update shop.orders set status = 'cancelled' where order_id in (4, 5)$$), '', 'two are cancelled');
select is(pg_temp.stock(), '99 5 10 0', 'and stock again');
select results_eq($$select status::text from shop.order_status_history where order_id = 7 order by changed_at$$, array['pending', 'paid', 'shipped', 'delivered', 'returned'], 'the way of 7 is kept');
select is((select changed_at from shop.order_status_history where order_id = 7 and status = 'pending'), (select order_date from shop.orders where order_id = 7), 'from the order''s date on');
select is((select count(*) from shop.order_status_history where changed_by <> session_user), 0::bigint, 'by whom is kept');
select is_empty('select from_status, to_status from shop.order_status_transition t where exists (
    with recursive way as (select to_status as s from shop.order_status_transition where from_status = t.to_status union select to_status from way join shop.order_status_transition on from_status = s) select from way where s = t.from_status)',
    'the transitions have no way back, so that a status is reached once');

-- Many orders in one statement are as right as one.
select is(pg_temp.done($$
    update shop.products set stock_quantity = 10000 where product_id in (1, 2);
    insert into shop.orders (order_id, customer_id, total_amount, currency) select i, 1 + i % 2, 50, 'EUR' from generate_series(1001, 3000) i;
    insert into shop.order_items select i, p, 1, p * 10 + 5 * (p - 1) * 2, 0, p * 10 + 5 * (p - 1) * 2 from generate_series(1001, 3000) i, generate_series(1, 2) p$$), '23514 orders_total_amount_check', 'two thousand wrong totals');
select is(pg_temp.done($$
    update shop.products set stock_quantity = 10000 where product_id in (1, 2);
    insert into shop.orders (order_id, customer_id, total_amount, currency) select i, 1 + i % 2, 40, 'EUR' from generate_series(1001, 3000) i;
    insert into shop.order_items select i, p, 1, p * 20 - 10, 0, p * 20 - 10 from generate_series(1001, 3000) i, generate_series(1, 2) p$$), '', 'two thousand right ones');
select is(pg_temp.stock(), '8000 8000 10 0', 'and their stock');
select is(pg_temp.done($$update shop.orders set total_amount = 41 where order_id = 2000$$), '23514 orders_total_amount_check', 'one wrong among them');
select is(pg_temp.done($$update shop.orders set status = 'paid' where order_id > 1000$$), '', 'all are paid');
select is(pg_temp.done($$update shop.orders set status = case when order_id = 2500 then 'pending' else 'shipped' end::shop.order_status where order_id > 1000$$), '23514 orders_status_check', 'one goes back');
select is_empty('select * from shop.order_due', 'nothing is left due');
select is_empty('select * from shop.order_fault', 'no order has a fault');
select is_empty('select * from shop.stock_fault', 'no stock has a fault');

-- The views bite: rules broken behind the triggers' back are seen.
set local session_replication_role = replica;
update shop.orders set total_amount = 1 where order_id = 1001;
delete from shop.order_items where order_id = 1002;
update shop.products set stock_quantity = 7999 where product_id = 1;
select results_eq('select order_id, constraint_name from shop.order_fault order by order_id', $$values (1001::bigint, 'orders_total_amount_check'), (1002, 'orders_items_check')$$, 'shop.order_fault sees what is wrong');
select results_eq('select product_id, stock_quantity, expected from shop.stock_fault order by product_id', $$values (1::bigint, 7999, 8001::bigint), (2, 8000, 8001)$$, 'so does shop.stock_fault');
select * from finish();
rollback;
