-- Duplicates of the sample of orders, taken in as the feeds take them: the numbers that examples/orders/README.md states, in each
-- scope, and the whole way back.
begin;
\ir ../support.psql
\ir sources.psql
\ir removal.psql
select * from no_plan();
select pg_temp.add_source() \g /dev/null
create temp table customers (customer_id text, first_name text, last_name text, email text, phone text, address text, city text, postal_code text, country text, registered_on text);
\copy customers from 'examples/orders/customers.csv' with (format csv, header)
create temp table products (product_id text, name text, category text, price text, cost text, units_in_stock text, discontinued text);
\copy products from 'examples/orders/products.csv' with (format csv, header)
create temp table orders (order_id text, customer_id text, employee_id text, order_date text, paid_date text, shipped_date text, status text, payment_method text);
\copy orders from 'examples/orders/orders.csv' with (format csv, header)
create temp table order_details (order_id text, line_no text, product_id text, quantity text, unit_price text, discount text);
\copy order_details from 'examples/orders/order_details.csv' with (format csv, header)
select pg_temp.land_source_bytes('source.' || feed, records, p_format => 'json') from (
    select 'customers' as feed, array_agg(convert_to(to_jsonb(r)::text, 'UTF8')) as records from customers r
    union all select 'products', array_agg(convert_to(to_jsonb(r)::text, 'UTF8')) from products r
    union all select 'orders', array_agg(convert_to(to_jsonb(r)::text, 'UTF8') order by r.order_id) from orders r
    union all select 'order_details', array_agg(convert_to(to_jsonb(r)::text, 'UTF8')) from order_details r) f \g /dev/null
select is((select string_agg(concat_ws('/', stored, rejected, duplicate), ' ') from pg_temp.promote_source(feed)), expected, 'taken: ' || feed)
from (values ('customers', '156/0/0'), ('products', '40/0/0'), ('orders', '624/2/0'), ('order_details', '1101/0/0')) as f (feed, expected);
select pg_temp.assemble() \g /dev/null
select is((select count(*) from shop.orders), 619::bigint, 'orders with lines and a date are in the shop');
select is(pg_temp.faults(), 0::bigint, 'without a fault');

-- Duplicates by the numbers of their system.
create function pg_temp.found(p_scope text, p_same text) returns text language sql as $$
    select string_agg(s.source_key, ' ' order by s.source_key)
    from shop.remove_duplicate_orders(p_scope, p_same) d join shop.source_orders s using (order_id)
    where d.action = 'would be removed'
$$;
select is(pg_temp.found(scope, same), expected, format('%s, %s', scope, same)) from (values
    ('all', 'day', '10086 10174 10267 10283 10284 10318 10364 10377 10541 10543 10550 10562'),
    ('all', 'content', '10174 10284 10318 10364 10377 10541 10562'),
    ('latest date of each customer', 'day', '10283 10284 10364 10550 10562'),
    ('latest date of each customer', 'content', '10284 10364 10562')) as v (scope, same, expected);

-- Removed, loaded again, and put back.
create temp table before as select * from pg_temp.tables();
select is((select count(*) from pg_temp.rows_as('promoter', $$select * from shop.remove_duplicate_orders('all', 'day', false)$$)), 12::bigint, 'removed');
set constraints all immediate; set constraints all deferred;
select is((select count(*) from shop.orders), 607::bigint, 'twelve orders less');
select is((select (orders, lines, amounts) from shop.order_removal)::text, (select format('(12,%s,"{""EUR"": %s}")', count(*), sum(quantity * unit_price - discount)) from shop.source_order_details
    where order_key in ('10086', '10174', '10267', '10283', '10284', '10318', '10364', '10377', '10541', '10543', '10550', '10562')), 'booked with the amount of their lines');
select is(pg_temp.faults(), 0::bigint, 'without a fault');
select pg_temp.assemble() \g /dev/null
select is((select count(*) from shop.orders), 607::bigint, 'a later load does not bring them back');
select is((select count(*) from shop.order_removal), 1::bigint, 'one removal');
select is((select count(*) from pg_temp.rows_as('promoter', (select format('select * from shop.restore_orders(%s)', removal_id) from shop.order_removal))), 12::bigint, 'put back');
set constraints all immediate; set constraints all deferred;
select results_eq('select * from pg_temp.tables()', 'select * from before', 'all tables are as they were');
select is(pg_temp.faults(), 0::bigint, 'without a fault');
select * from finish();
rollback;
