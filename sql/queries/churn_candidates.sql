-- title:  Customers who have stayed away for longer than is usual for them
-- params: :limit integer = 20, :factor numeric = 2, :as_of date = null
-- answer: rank, customer_id, purchases, last_day, days_since, usual_days (median), times_usual, value (numeric, shop currency), unconverted_orders, note
--
-- Customers whose last purchase by as_of (UTC; null: the day of the latest order) is longer ago than :factor times their own usual
-- interval, which is the median of the days between their purchases. Those who spent most come first; customers of equal spending (by cents)
-- share a rank, and whoever shares the last rank is shown, too. Orders of one day are one purchase, so who bought on one day only has no
-- interval: the last row says how many these are. A rule of thumb: who is likely to have left says the model of
-- analytics.next_order, see docs/next-order.md. Each order is worth what its currency was worth on its day; one on a day
-- without a rate is counted in unconverted_orders and adds nothing. A member's accounts are one customer, by the lowest of their
-- ids. Orders that are cancelled are aside, returned ones count.
\if :{?limit}
\else
    \set limit 20
\endif
\if :{?factor}
\else
    \set factor 2
\endif
\if :{?as_of}
\else
    \set as_of ''
\endif
with clock as (
    select coalesce(nullif(:'as_of', '')::date, ((select max(order_date) from analytics.orders) at time zone 'UTC')::date) as today
), account as (
    select customer_id, min(customer_id) over (partition by membership_id) as customer from analytics.customer_member
), purchase as (
    select coalesce(a.customer, o.customer_id) as customer, (o.order_date at time zone 'UTC')::date as day,
        count(*) - count(r.rate) as unconverted, sum(o.total_amount * r.rate) as value
    from analytics.orders o
    left join account a on a.customer_id = o.customer_id
    left join analytics.daily_rate r on r.currency = o.currency and r.day = (o.order_date at time zone 'UTC')::date
    where o.status <> 'cancelled' and o.order_date < (select (today + 1)::timestamp at time zone 'UTC' from clock)
    group by 1, 2
), buyer as materialized (
    select customer, count(*) as purchases, max(day) as last_day, (select today from clock) - max(day) as days_since,
        (percentile_cont(0.5) within group (order by gap))::numeric as usual, round(coalesce(sum(value), 0), 2) as value,
        sum(unconverted)::bigint as unconverted
    from (select p.*, day - lag(day) over (partition by customer order by day) as gap from purchase p) p
    group by customer
), ranked as (
    select b.*, rank() over (order by value desc) as rank from buyer b where days_since > :factor * usual
), once as (
    select count(*) as customers, count(*) filter (where purchases = 1) as once from buyer
)
select rank, customer as customer_id, purchases, last_day, days_since, round(usual, 1) as usual_days, round(days_since / usual, 2) as times_usual,
    value, unconverted as unconverted_orders, case when purchases = 2 then 'by one interval only' end as note
from ranked
where rank <= :limit
union all
select null, null, null, null, null, null, null, null, null,
    case when customers = 0 then 'there is no order by then'
        else format('customers who bought on one day only and have no interval: %s of %s', once, customers) end
from once
where once > 0 or customers = 0
order by rank nulls last, customer_id;
