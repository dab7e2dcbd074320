-- title:  Products that are bought first
-- params: :limit integer = 10, :as_of date = null
-- answer: rank, product_id, name, category, customers, share (of all customers), alone (customers), note
--
-- Customers whose first purchase holds the product. A first purchase is what the customer ordered on the first day (UTC) with an
-- order, by as_of (null: the day of the latest order); it may hold several products, which all count, so shares add up to
-- more than 1. alone are those whose first purchase held nothing else. A member's accounts are one customer. Orders that
-- are cancelled are aside, returned ones count. Products of equally many customers share a rank, and whichever shares the last rank
-- is shown, too.
\if :{?limit}
\else
    \set limit 10
\endif
\if :{?as_of}
\else
    \set as_of ''
\endif
with clock as (
    select coalesce(nullif(:'as_of', '')::date, ((select max(order_date) from analytics.orders) at time zone 'UTC')::date) as today
), account as (
    select customer_id, min(customer_id) over (partition by membership_id) as customer from analytics.customer_member
), placed as (
    select o.order_id, coalesce(a.customer, o.customer_id) as customer, (o.order_date at time zone 'UTC')::date as day
    from analytics.orders o
    left join account a on a.customer_id = o.customer_id
    where o.status <> 'cancelled' and o.order_date < (select (today + 1)::timestamp at time zone 'UTC' from clock)
), bought as (
    select f.customer, i.product_id, count(*) over (partition by f.customer) as products
    from (select order_id, customer, day, min(day) over (partition by customer) as first_day from placed) f
    join analytics.order_items i on i.order_id = f.order_id
    where f.day = f.first_day
    group by f.customer, i.product_id
), counted as (
    select product_id, count(*) as customers, count(*) filter (where products = 1) as alone, rank() over (order by count(*) desc) as rank
    from bought
    group by product_id
)
select c.rank, c.product_id, p.name, p.category, c.customers,
    round(c.customers::numeric / (select count(distinct customer) from bought), 4) as share, c.alone,
    case when not exists (select from bought) then 'there is no order by then' end as note
from (values (true)) as v (is_there)
left join (counted c join analytics.products p on p.product_id = c.product_id) on c.rank <= :limit
where c.rank is not null or not exists (select from bought)
order by c.rank, c.product_id;
