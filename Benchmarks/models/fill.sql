-- Customers :from to :to of the drawn ones, with their orders, as they stand in a shop; triggers and foreign keys are not what is tried.
set session_replication_role = replica;
insert into shop.customers (customer_id, last_name, registration_date)
select i, 'Customer', timestamptz '2023-01-01 00:00Z' from generate_series(:from, :to) i;
insert into shop.orders (order_id, customer_id, order_date, total_amount, status, currency)
select order_id, customer_id, order_date, total_amount, 'delivered', 'EUR'
from bench.drawn
where customer_id between :from and :to;
set session_replication_role = origin;
vacuum analyze shop.customers;
vacuum analyze shop.orders;
checkpoint;
