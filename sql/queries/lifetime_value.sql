-- title:  Lifetime value of customers
-- params: :as_of date = null, :days integer = 365
-- answer: who, customers, orders, value (numeric, shop currency), value_share, cumulative_share, mean_value, median_value, least_value, most_value, note
--
-- What customers have spent by as_of (UTC; null: the day of the latest order). tenth 1 is the tenth of customers that spent most;
-- equals are in one tenth, the highest that any of them is in, and a tenth that is empty has no row. The row all is all
-- customers, old and new. What a new customer is worth within so many days says the last row, by what customers spent in the first
-- :days days from the first purchase on, of those who came early enough to be watched for so long. What each customer is expected to
-- spend from now on is for analytics.next_order, a model: see docs/next-order.md. Each order is worth what its currency was worth on
-- its day; an order on a day without a rate is counted in orders, adds nothing, and the note says so. A member's accounts are one
-- customer. Orders that are cancelled are aside, returned ones count.
\if :{?as_of}
\else
    \set as_of ''
\endif
\if :{?days}
\else
    \set days 365
\endif
with clock as (
    select coalesce(nullif(:'as_of', '')::date, ((select max(order_date) from analytics.orders) at time zone 'UTC')::date) as today
), account as (
    select customer_id, min(customer_id) over (partition by membership_id) as customer from analytics.customer_member
), placed as (
    select coalesce(a.customer, o.customer_id) as customer, (o.order_date at time zone 'UTC')::date as day, o.total_amount * r.rate as value
    from analytics.orders o
    left join account a on a.customer_id = o.customer_id
    left join analytics.daily_rate r on r.currency = o.currency and r.day = (o.order_date at time zone 'UTC')::date
    where o.status <> 'cancelled' and o.order_date < (select (today + 1)::timestamp at time zone 'UTC' from clock)
), buyer as (
    select customer, first_day, count(*) as orders, count(*) - count(value) as unconverted, coalesce(sum(value), 0) as value,
        count(*) filter (where day < first_day + :days) as early_orders,
        count(*) filter (where day < first_day + :days and value is null) as early_unconverted,
        coalesce(sum(value) filter (where day < first_day + :days), 0) as early_value
    from (select p.*, min(day) over (partition by customer) as first_day from placed p) p
    group by customer, first_day
), tenth as (
    select 1 + 10 * (rank() over (order by round(value, 2) desc) - 1) / count(*) over () as tenth, orders, unconverted, value
    from buyer
), summed as (
    select coalesce(tenth, 11) as position, count(*) as customers, sum(orders) as orders, sum(unconverted) as unconverted, sum(value) as value,
        percentile_cont(0.5) within group (order by value) as median, min(value) as least, max(value) as most
    from tenth
    group by grouping sets ((tenth), ())
    union all
    select 12, count(*), sum(early_orders), sum(early_unconverted), sum(early_value),
        percentile_cont(0.5) within group (order by early_value), min(early_value), max(early_value)
    from buyer
    where first_day + :days <= (select today + 1 from clock)
)
select case s.position when 11 then 'all' when 12 then format('first %s days', :days) else 'tenth ' || s.position end as who,
    s.customers, coalesce(s.orders, 0)::bigint as orders, round(coalesce(s.value, 0), 2) as value,
    case when s.position < 12 then round(s.value / nullif(t.value, 0), 4) end as value_share,
    case when s.position < 11 then round(sum(s.value) over (order by s.position) / nullif(t.value, 0), 4) end as cumulative_share,
    round(s.value / nullif(s.customers, 0), 2) as mean_value, round(s.median::numeric, 2) as median_value,
    round(s.least, 2) as least_value, round(s.most, 2) as most_value,
    nullif(concat_ws('; ',
        case when s.customers = 0 and s.position = 11 then 'there is no order by then'
            when s.customers = 0 then 'no customer has been watched for so long'
            when s.customers < 30 and s.position = 12 then 'fewer than 30 customers have been watched for so long'
            when t.customers < 10 and s.position = 11 then 'fewer than 10 customers' end,
        'orders without a rate: ' || nullif(s.unconverted, 0)), '') as note
from summed s
cross join (select customers, value from summed where position = 11) t
order by s.position;
