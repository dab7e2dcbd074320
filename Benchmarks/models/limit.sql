-- The least of any answer made of orders: they are read and grouped by customer, and a row for each customer is kept. No day, no currency,
-- no model.
drop table if exists bench.grouped;
create table bench.grouped as
select customer_id, count(*) as orders, min(order_date) as first_order, max(order_date) as last_order, sum(total_amount) as spent
from shop.orders
where order_date < :'until'
group by customer_id;
