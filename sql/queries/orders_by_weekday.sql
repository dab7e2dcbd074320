-- title:  Orders by day of the week
-- params: :first_day date = null, :last_day date = null, :time_zone text = UTC
-- answer: rank, weekday, orders, share, days, orders_per_day, note
--
-- Orders placed from first_day to last_day (both included; null: the day of the first and of the latest order), by the day of
-- the week in time_zone; an order of which only the day is known counts on that day. Weekdays of equally many orders share a
-- rank. days is how often the weekday comes in that time, and orders_per_day compares weekdays where it is not whole weeks.
-- Orders that are cancelled are aside, returned ones count.
\if :{?first_day}
\else
    \set first_day ''
\endif
\if :{?last_day}
\else
    \set last_day ''
\endif
\if :{?time_zone}
\else
    \set time_zone UTC
\endif
with placed as (
    select (o.order_date at time zone case when w.order_id is null then :'time_zone' else 'UTC' end)::date as day
    from analytics.orders o
    left join analytics.order_without_time w on w.order_id = o.order_id
    where o.status <> 'cancelled'
), bound as (
    select coalesce(nullif(:'first_day', '')::date, min(day)) as first_day, coalesce(nullif(:'last_day', '')::date, max(day)) as last_day
    from placed
), number as (
    select date_part('isodow', p.day) as isodow, count(*) as orders
    from placed p
    cross join bound b
    where p.day between b.first_day and b.last_day
    group by 1
), calendar as (
    select date_part('isodow', d) as isodow, count(*) as days
    from bound b
    cross join generate_series(b.first_day::timestamp, b.last_day::timestamp, interval '1 day') as d
    group by 1
)
select rank() over (order by coalesce(n.orders, 0) desc) as rank, w.weekday, coalesce(n.orders, 0) as orders,
    round(coalesce(n.orders, 0) / sum(n.orders) over (), 4) as share, coalesce(c.days, 0) as days,
    round(coalesce(n.orders, 0)::numeric / c.days, 2) as orders_per_day,
    case when sum(n.orders) over () is null then 'there is no order in this time'
        when c.days is null then 'there is no such day in this time'
        when c.days < 4 then 'such days in this time: ' || c.days end as note
from unnest(array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']) with ordinality as w (weekday, isodow)
left join number n on n.isodow = w.isodow
left join calendar c on c.isodow = w.isodow
order by 1, w.isodow;
