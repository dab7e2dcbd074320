-- Prices, reviews, stock by other ways than orders, retirement, and the teams' functions.
begin;
\ir ../support.psql
\ir fixture.psql
select * from no_plan();
select results_eq('select product_id, price::numeric from shop.price_history order by 1', 'select product_id, price::numeric from shop.products order by 1', 'the first price is kept');
select is(pg_temp.done(q), '', q) from unnest(array['update shop.products set price = 11 where product_id = 1', 'update shop.products set price = price, name = ''Cup'' where product_id = 1', 'update shop.products set price = price * 2 where product_id in (2, 3)']) q;
select results_eq('select product_id, price::numeric from shop.price_history where price_change_id > (select min(price_change_id) + 3 from shop.price_history) order by product_id', 'values (1::bigint, 11::numeric), (2, 60), (3, 51)', 'changes are kept, and only those');

-- Stock.
select results_eq('select product_id, quantity, reason::text from shop.stock_movement order by product_id', $$values (1::bigint, 100, 'opening'), (2, 5, 'opening'), (3, 10, 'opening')$$, 'the first stock is booked');
select is(pg_temp.done('update shop.products set stock_quantity = 90 where product_id = 1'), '', 'set by hand');
select results_eq('select quantity, reason::text from shop.stock_movement where product_id = 1 order by movement_id', $$values (100, 'opening'), (-10, 'adjustment')$$, 'and booked as an adjustment');
select is(pg_temp.state_as('logistics', 'select shop.receive_stock(1, 25, ''delivery 7'')'), '00000', 'goods come in');
select is(pg_temp.state_as('logistics', 'select shop.receive_stock(1, -5)'), '00000', 'goods are lost');
select is(pg_temp.state_as('logistics', 'select shop.receive_stock(1, -500)'), '23514', 'more are lost than there are');
select is(pg_temp.state_as('logistics', 'select shop.receive_stock(1, 0)'), '23514', 'nothing comes in');
select is(pg_temp.state_as('logistics', 'select shop.receive_stock(99, 1)'), 'EM110', 'of a product that is none');
select is(pg_temp.stock(), '110 5 10 0', 'the stock has moved');
select results_eq('select quantity, reason::text, note from shop.stock_movement where product_id = 1 order by movement_id offset 2', $$values (25, 'receipt', 'delivery 7'), (-5, 'write_off', null)$$, 'and is booked');

-- Reviews.
select is(pg_temp.placed(1, '{{1,1,11,0},{2,1,60,0}}', p_date => '2025-01-01'), '', 'Ann orders');
prepare review as insert into shop.product_reviews (product_id, customer_id, rating, review_date) values ($1, $2, $3, coalesce($4, now()));
select is(pg_temp.done('execute review (1, 1, 5, null)'), '23514 product_reviews_buyer_check', 'a review before the delivery');
select is(pg_temp.done($$update shop.orders set status = 'paid' where order_id = 1$$), '', 'paid');
select is(pg_temp.state_as('logistics', $$select shop.advance_order(1, 'delivered')$$), 'EM101', 'logistics cannot skip a step');
select is(pg_temp.state_as('logistics', $$select shop.advance_order(1, 'cancelled')$$), 'EM101', 'nor cancel');
select is(pg_temp.state_as('logistics', $$select shop.advance_order(77, 'shipped')$$), 'EM100', 'nor move what is not there');
select is(pg_temp.state_as('logistics', $$select shop.advance_order(1, 'shipped')$$), '00000', 'it ships');
select is(pg_temp.state_as('logistics', $$select shop.advance_order(1, 'delivered')$$), '00000', 'and delivers');
select is(pg_temp.done(q), outcome, q) from (values
    ('execute review (1, 1, 5, null)', ''), ('execute review (1, 1, 4, null)', '23505 product_reviews_product_id_customer_id_key'), ('execute review (1, 2, 4, null)', '23514 product_reviews_buyer_check'),
    ('execute review (3, 1, 4, null)', '23514 product_reviews_buyer_check'), ('execute review (2, 1, 0, null)', '23514 product_reviews_rating_check'), ('execute review (2, 1, 6, null)', '23514 product_reviews_rating_check'),
    ($$execute review (2, 1, 3, '2024-12-31')$$, '23514 product_reviews_buyer_check'),
    ('update shop.product_reviews set product_id = 3', '23514 product_reviews_buyer_check'), ('update shop.product_reviews set rating = 1', ''),
    ('delete from shop.order_items where (order_id, product_id) = (1, 1); update shop.orders set total_amount = 60 where order_id = 1', '23514 product_reviews_buyer_check'),
    ('delete from shop.order_items where (order_id, product_id) = (1, 2); update shop.orders set total_amount = 11 where order_id = 1', ''),
    ($$update shop.orders set status = 'returned' where order_id = 1$$, '')) as v (q, outcome);

-- Removal.
select is(pg_temp.state_as('sales', 'select shop.remove_product(99)'), 'EM110', 'a product that is none');
select is(pg_temp.told('sales', format('select shop.remove_product(%s)', product)), outcome, description) from (values
    (1, 'retired', 'one that was sold is retired'), (1, 'retired', 'and stays so'), (4, 'deleted', 'one without history is deleted'),
    (2, 'deleted', 'one with a first stock and two prices alone, too')) as v (product, outcome, description);
select results_eq('select product_id from shop.products order by 1', array[1, 3]::bigint[], 'what is left');
select results_eq('select product_id, item_name, manufacturer_name, cost::numeric, weight_kg from shop.item', $$values (3::bigint, 'Lamp', 'Bolt', 51::numeric, null::numeric)$$, 'shop.item has what is sold');
select is(pg_temp.placed(9, '{{1,1,11,0}}'), '23514 order_items_product_retired_check', 'a retired product cannot be ordered');
select is(pg_temp.placed(9, '{{1,1,11,0}}', p_date => now() - interval '1 day'), '', 'an order from before may still come in');
select is_empty('select * from shop.order_fault', 'no order has a fault');
select is_empty('select * from shop.stock_fault', 'no stock has a fault');
select * from finish();
rollback;
