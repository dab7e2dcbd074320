-- A shop to enter orders into, and orders to enter, in tables without anything on them.
set role emporium_owner;
insert into shop.suppliers (supplier_id, company_name, country, lead_time) values (1, 'Acme', 'DE', 7);
insert into shop.products (product_id, name, category, price, cost, supplier_id, stock_quantity)
select i, 'product ' || i, 'category ' || i % 10, 10 + i % 50, 5, 1, 1000000000 from generate_series(1, 2000) i;
insert into shop.customers (customer_id, first_name, last_name, country)
select i, 'first ' || i, 'last ' || i, 'DE' from generate_series(1, 20000) i;

create schema bench;
create table bench.line as
select distinct on (o, product_id) o as order_id, product_id::bigint, 2 as quantity, price::numeric as unit_price, 0::numeric as discount_amount, 2 * price::numeric as total_price
from generate_series(1, :orders) o
cross join generate_series(1, 3) k
join shop.products on product_id = 1 + abs(hashint8extended(o * 10 + k, 7) % 2000);
create table bench.head as
select order_id, (1 + order_id % 20000)::bigint as customer_id, timestamptz '2025-01-01' + order_id * interval '1 min' as order_date,
    sum(total_price) as total_amount, 'pending'::shop.order_status as status, 'High Street ' || order_id as shipping_address,
    'card' as payment_method, 'EUR' as currency
from bench.line group by order_id;

-- The same tables without rules across rows: with all keys and CHECKs, with indexes alone, and with nothing at all.
create table bench.orders_keys (like shop.orders including defaults including indexes including constraints,
    foreign key (customer_id) references shop.customers, foreign key (currency) references shop.currency);
create table bench.items_keys (like shop.order_items including defaults including indexes including constraints,
    foreign key (order_id) references bench.orders_keys, foreign key (product_id) references shop.products);
create table bench.orders_indexes (like shop.orders including defaults including indexes);
create table bench.items_indexes (like shop.order_items including defaults including indexes);
create table bench.orders_bare (like shop.orders);
create table bench.items_bare (like shop.order_items);
analyze;
