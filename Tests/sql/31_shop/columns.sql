-- The six tables have exactly the columns that were asked for; every constraint of one row bites, and has a name of ours.
begin;
\ir ../support.psql
\ir fixture.psql
select * from no_plan();
select is((select string_agg(attname, ', ' order by attnum) from pg_attribute where attrelid = ('shop.' || t)::regclass and attnum > 0 and not attisdropped), columns, t)
from (values
    ('orders', 'order_id, customer_id, order_date, total_amount, status, shipping_address, payment_method, currency'),
    ('customers', 'customer_id, first_name, last_name, age, email, country, city, postal_code, phone_number, registration_date, last_login_date'),
    ('products', 'product_id, name, category, subcategory, price, cost, supplier_id, stock_quantity, weight, dimensions'),
    ('order_items', 'order_id, product_id, quantity, unit_price, discount_amount, total_price'),
    ('suppliers', 'supplier_id, company_name, contact_name, email, phone, country, lead_time'),
    ('product_reviews', 'review_id, product_id, customer_id, rating, review_text, review_date')) as v (t, columns);
select is_empty($$select conrelid::regclass, conname from pg_constraint where connamespace = 'shop'::regnamespace and conrelid <> 0
    and conname !~ ('^' || (select relname from pg_class where oid = conrelid) || '_.*(pkey|fkey|key|check|idx)$')  and contype <> 't'$$, 'every constraint is named after its table and columns');

select is(pg_temp.done(format('update shop.%s set %s where %s_id = 1', t, change, rtrim(t, 's'))), outcome, t || ': ' || change)
from (values
    ('customers', 'age = 0', ''), ('customers', 'age = -1', '23514 customers_age_check'), ('customers', 'age = 131', '23514 customers_age_check'), ('customers', 'age = null', ''),
    ('customers', $$email = 'ann@ash.example.com'$$, ''), ('customers', $$email = 'ann'$$, '23514 email_address_check'), ('customers', $$email = ''$$, '23514 email_address_check'), ('customers', 'email = null', ''),
    ('customers', $$phone_number = '+4915112345678'$$, ''), ('customers', $$phone_number = '004915112345678'$$, '23514 phone_number_check'), ('customers', $$phone_number = '+04915112345678'$$, '23514 phone_number_check'),
    ('customers', $$phone_number = '+49 151 1234567'$$, '23514 phone_number_check'), ('customers', $$phone_number = '+1234567890123456'$$, '23514 phone_number_check'), ('customers', $$phone_number = '+123456789012345'$$, ''),
    ('customers', $$phone_number = '+٤٩١٥١١٢٣٤٥٦٧'$$, '23514 phone_number_check'), ('customers', $$phone_number = '+4915+112345'$$, '23514 phone_number_check'),
    ('customers', $$country = 'XX'$$, '23503 customers_country_fkey'), ('customers', $$country = 'de'$$, '23503 customers_country_fkey'),
    ('customers', $$last_name = ' '$$, '23514 customers_last_name_check'),
    ('customers', $$last_login_date = registration_date - interval '1 second'$$, '23514 customers_last_login_date_check'),
    ('customers', $$registration_date = 'infinity'$$, '23514 customers_registration_date_check'), ('customers', $$last_login_date = 'infinity'$$, '23514 customers_registration_date_check'),
    ('products', 'price = -0.01', '23514 amount_check'), ('products', $$price = 'NaN'$$, '23514 amount_check'), ('products', $$price = 'infinity'$$, '23514 amount_check'), ('products', 'price = 1.00001', '23514 amount_check'),
    ('products', 'price = 1.50000', ''), ('products', 'price = 1e12', '23514 amount_check'), ('products', 'cost = null', ''), ('products', 'price = null', '23502'),
    ('products', 'weight = -1', '23514 products_weight_check'), ('products', $$weight = 'NaN'$$, '23514 products_weight_check'),
    ('products', $$dimensions = '40x30x12.5'$$, ''), ('products', $$dimensions = '40 x 30 x 12'$$, '23514 products_dimensions_check'), ('products', $$dimensions = '40x30'$$, '23514 products_dimensions_check'),
    ('products', 'stock_quantity = -1', '23514 products_stock_quantity_check'), ('products', 'supplier_id = 99', '23503 products_supplier_id_fkey'),
    ('products', $$name = ''$$, '23514 products_name_check'), ('products', $$category = ' '$$, '23514 products_category_check'),
    ('suppliers', 'lead_time = -1', '23514 suppliers_lead_time_check'), ('suppliers', 'lead_time = 731', '23514 suppliers_lead_time_check'), ('suppliers', 'country = null', '23502'), ('suppliers', $$company_name = ''$$, '23514 suppliers_company_name_check')
) as v (t, change, outcome);

select is(pg_temp.placed(1, '{{1,2,10,0}}'), '', 'an order');
select is(pg_temp.done('update shop.orders set ' || change || ' where order_id = 1'), outcome, 'orders: ' || change)
from (values ($$payment_method = 'card'$$, ''), ($$payment_method = 'cheque'$$, '23514 orders_payment_method_check'), ($$currency = 'EURO'$$, '23503 orders_currency_fkey'), ($$currency = null$$, '23502'),
    ($$shipping_address = ' '$$, '23514 orders_shipping_address_check'), ('shipping_address = null', ''), ($$order_date = 'infinity'$$, '23514 orders_order_date_check'), ($$status = 'lost'$$, '22P02')) as v (change, outcome);
select is(pg_temp.done('update shop.order_items set ' || change || ' where order_id = 1'), outcome, 'order_items: ' || change)
from (values ('quantity = 0', '23514 order_items_quantity_check'), ('quantity = 3', '23514 order_items_total_price_check'), ('total_price = 19', '23514 order_items_total_price_check'), ('discount_amount = 1', '23514 order_items_total_price_check'),
    ('discount_amount = 21, total_price = -1', '23514 amount_check'), ('unit_price = 12, discount_amount = 4', '')) as v (change, outcome);
select is(pg_temp.placed(2, '{{1,1,10,0},{1,2,10,0}}'), '23505 order_items_pkey', 'a product stands once in an order');
select is(pg_temp.placed(2, '{{99,1,10,0}}'), '23503 order_items_product_id_fkey', 'an unknown product');
select is(pg_temp.placed(2, '{{1,1,10,0}}', p_customer => 99), '23503 orders_customer_id_fkey', 'an unknown customer');
select is(pg_temp.done('delete from shop.' || what), outcome, 'delete from ' || what)
from (values ('customers where customer_id = 1', '23503 orders_customer_id_fkey'), ('customers where customer_id = 3', ''), ('products where product_id = 1', '23503 order_items_product_id_fkey'), ('suppliers where supplier_id = 1', '23503 products_supplier_id_fkey'),
    ('orders', '23503 order_items_order_id_fkey'), ($$currency where currency = 'EUR'$$, '23503 orders_currency_fkey')) as v (what, outcome);
select is(pg_temp.done($$insert into shop.currency_rate values ('USD', '2025-01-01', 0)$$), '23514 currency_rate_rate_check', 'a rate of nothing');
select is(pg_temp.done($$insert into shop.currency_rate values ('USD', '2025-01-01', 'NaN')$$), '23514 currency_rate_rate_check', 'a rate that is no number');
select is_empty('select * from shop.order_due', 'nothing is left due');
select is_empty('select * from shop.order_fault', 'no order has a fault');
select is_empty('select * from shop.stock_fault', 'no stock has a fault');
select * from finish();
rollback;
