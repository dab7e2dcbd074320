-- title:  Late logistics by country
-- params: :ship_days integer = 3, :delivery_days integer = 10, :as_of date = null
-- answer: country (null: unknown), orders, late_orders, late_share, shipped_late, not_shipped, delivered_late, not_delivered, average_days_late, most_days_late, unjudged_orders
--
-- Orders that were paid by as_of (UTC; null: the day of the latest change of any order) and are late: shipped more than
-- ship_days days after they were paid, or delivered more than delivery_days days after, or not yet though that time is over
-- (not_shipped, not_delivered: the waiting ones). An order is as many days late as its later step is; average_days_late is
-- over late orders. What was sent back without having been delivered counts as delivered that day. Orders that are cancelled
-- are aside; unjudged are orders past payment whose history does not say when they were paid. The country is the customer's.
\if :{?ship_days}
\else
    \set ship_days 3
\endif
\if :{?delivery_days}
\else
    \set delivery_days 10
\endif
\if :{?as_of}
\else
    \set as_of ''
\endif
with clock as (
    select (coalesce(nullif(:'as_of', '')::date,
            ((select max(changed_at) from analytics.order_status_history) at time zone 'UTC')::date) + 1)
        ::timestamp at time zone 'UTC' as until
), step as (
    select order_id,
        min(changed_at) filter (where status = 'paid') as paid,
        min(changed_at) filter (where status in ('shipped', 'delivered', 'returned')) as shipped,
        min(changed_at) filter (where status in ('delivered', 'returned')) as delivered
    from analytics.order_status_history
    where changed_at < (select until from clock) and status <> 'pending'
    group by order_id
), judged as materialized (
    select j.country, j.paid, j.shipped, j.delivered, j.ship_late, j.delivery_late,
        nullif(greatest(j.ship_late, j.delivery_late, 0), 0) as days_late
    from (
        select c.country, s.paid, s.shipped, s.delivered,
            extract(epoch from coalesce(s.shipped, (select until from clock)) - s.paid) / 86400 - :ship_days as ship_late,
            extract(epoch from coalesce(s.delivered, (select until from clock)) - s.paid) / 86400 - :delivery_days as delivery_late
        from step s
        join analytics.orders o on o.order_id = s.order_id
        join analytics.customers c on c.customer_id = o.customer_id
        where o.status <> 'cancelled'
        offset 0  -- computed once a row
    ) j
)
select country, count(paid) as orders, count(days_late) as late_orders,
    round(count(days_late)::numeric / nullif(count(paid), 0), 4) as late_share,
    count(*) filter (where ship_late > 0 and shipped is not null) as shipped_late,
    count(*) filter (where ship_late > 0 and shipped is null) as not_shipped,
    count(*) filter (where delivery_late > 0 and delivered is not null) as delivered_late,
    count(*) filter (where delivery_late > 0 and delivered is null) as not_delivered,
    round(avg(days_late), 1) as average_days_late, round(max(days_late), 1) as most_days_late,
    count(*) - count(paid) as unjudged_orders
from judged
group by country
order by late_orders desc, country collate "C";
