create or replace function shop.duplicate_orders(p_scope text, p_same text)
returns table (order_id bigint, kept_order_id bigint, customer_id bigint, day date)
language sql stable set search_path = pg_catalog, pg_temp as $$
-- Orders that say again what an earlier order (a lower id) of the same customer and UTC day said. An order that was cancelled is
-- no duplicate and has none: who cancels and orders again has one order.
--   p_scope   'latest date of each customer' looks at the last day with orders of each customer, 'all' at every day
--   p_same    'day': any second order of a day; 'content': one in the same currency with the same lines
with counted as (
    select o.order_id, o.customer_id, o.currency, (o.order_date at time zone 'UTC')::date as day
    from shop.orders o
    where o.status <> 'cancelled'
),
crowded as (
    select c.*
    from (
        select c.*, max(c.day) over (partition by c.customer_id) as latest, count(*) over (partition by c.customer_id, c.day) as orders
        from counted c
    ) c
    where c.orders > 1 and (p_scope = 'all' or c.day = c.latest)
),
compared as (
    select c.*, first_value(c.order_id) over (partition by c.customer_id, c.day, s.said order by c.order_id) as kept_order_id
    from crowded c
    cross join lateral (
        -- The lines in one order, numbers by their value (1.50 is 1.5); null, and so equal, where the day decides.
        select case when p_same = 'content' then jsonb_build_array(c.currency, (
            select jsonb_agg(jsonb_build_array(i.product_id, i.quantity, i.unit_price, i.discount_amount) order by i.product_id)
            from shop.order_items i
            where i.order_id = c.order_id)) end
    ) s (said)
)
select c.order_id, c.kept_order_id, c.customer_id, c.day
from compared c
where c.order_id <> c.kept_order_id
$$;
