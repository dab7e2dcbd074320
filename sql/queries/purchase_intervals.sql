-- title:  Interval after which a customer buys again
-- params: :as_of date = null
-- answer: over, same_day (orders of a customer on one day), customers, gaps, zero_gaps, mean_days, median_days, shortest, longest (days), note
--
-- A gap is the number of days (UTC) from one order of a customer to the next, by as_of (null: the day of the latest order).
-- Several orders on one day are gaps of 0 days: same_day says whether these are counted, or such orders are one purchase.
-- over gaps, each gap counts once, so that frequent buyers count most; over customers, each customer counts once, with the
-- mean of the own gaps, and mean_days, median_days, shortest and longest are of these means. A gap that has not ended by as_of is
-- unknown and not in it, so the true intervals are longer. A member's accounts are one customer. Orders that are cancelled are aside,
-- returned ones count.
\if :{?as_of}
\else
    \set as_of ''
\endif
with clock as (
    select coalesce(nullif(:'as_of', '')::date, ((select max(order_date) from analytics.orders) at time zone 'UTC')::date) as today
), account as (
    select customer_id, min(customer_id) over (partition by membership_id) as customer from analytics.customer_member
), placed as (
    select coalesce(a.customer, o.customer_id) as customer, (o.order_date at time zone 'UTC')::date as day
    from analytics.orders o
    left join account a on a.customer_id = o.customer_id
    where o.status <> 'cancelled' and o.order_date < (select (today + 1)::timestamp at time zone 'UTC' from clock)
), gap as materialized (
    select customer, day - lag(day) over (partition by customer order by day) as days from placed
), own as materialized (
    select customer, avg(days) as days, avg(days) filter (where days > 0) as days_aside,
        count(days) as gaps, count(days) filter (where days = 0) as zero_gaps
    from gap
    group by customer
), answer (position, over, same_day, customers, gaps, zero_gaps, mean_days, median_days, shortest, longest) as (
    select 1, 'gaps', 'counted as 0 days', count(distinct customer), count(*), count(*) filter (where days = 0), avg(days),
        percentile_cont(0.5) within group (order by days), min(days), max(days)
    from gap
    where days is not null
    union all
    select 2, 'gaps', 'one purchase', count(distinct customer), count(*), 0, avg(days),
        percentile_cont(0.5) within group (order by days), min(days), max(days)
    from gap
    where days > 0
    union all
    select 3, 'customers', 'counted as 0 days', count(*), sum(gaps), sum(zero_gaps), avg(days),
        percentile_cont(0.5) within group (order by days), min(days), max(days)
    from own
    where days is not null
    union all
    select 4, 'customers', 'one purchase', count(*), sum(gaps - zero_gaps), 0, avg(days_aside),
        percentile_cont(0.5) within group (order by days_aside), min(days_aside), max(days_aside)
    from own
    where days_aside is not null
)
select over, same_day, customers, coalesce(gaps, 0)::bigint as gaps, coalesce(zero_gaps, 0)::bigint as zero_gaps,
    round(mean_days, 1) as mean_days, round(median_days::numeric, 1) as median_days, round(shortest, 1) as shortest,
    round(longest, 1) as longest,
    case when customers = 0 then 'nobody has bought twice by then'
        else nullif(concat_ws('; ',
            'customers without such a gap: ' || nullif((select count(*) from own) - customers, 0),
            case when customers < 30 then 'fewer than 30 customers' end), '') end as note
from answer
order by position;
