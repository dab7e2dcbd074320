-- A line's product is looked for at commit, after the statement has taken its stock: orders of one product then wait for each other
-- and share no lock of its row.
begin;
\ir ../support.psql
\ir fixture.psql
select * from no_plan();
select results_eq(
    $$select condeferrable, condeferred from pg_constraint where conname = 'order_items_product_id_fkey'$$, 'values (true, true)', 'looked for at commit');
select is(pg_temp.done($$insert into shop.orders (order_id, customer_id, total_amount, currency) values (1, 1, 10, 'EUR');
    insert into shop.order_items values (1, 99, 1, 10, 0, 10)$$), '23503 order_items_product_id_fkey', 'an unknown product, and its name');
select is(pg_temp.done($$set constraints shop.order_items_product_id_fkey immediate; insert into shop.orders (order_id, customer_id, total_amount, currency)
    values (2, 1, 10, 'EUR'); insert into shop.order_items values (2, 99, 1, 10, 0, 10)$$), '23503 order_items_product_id_fkey', 'at once for who wants it so');
select is(pg_temp.placed(3, '{{1,2,10,0},{2,1,30,5}}'), '', 'a good order');
select is(pg_temp.done($$delete from shop.products where product_id = 1$$), '23503 order_items_product_id_fkey', 'a product that was sold stays');
select * from finish();
rollback;
