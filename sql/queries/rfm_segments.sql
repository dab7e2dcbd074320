-- title:  Segments of customers by recency, frequency and monetary value
-- params: :as_of date = null
-- answer: segment, rule, customers, share, days_since (median, since the last purchase), purchases (mean), value (numeric, shop currency), value_share, note
--
-- Each customer gets three scores from 1 to 5, one for each fifth of all customers: recency (5: the fifth that bought last),
-- frequency (purchases) and value (spending), from all orders by as_of (UTC; null: the day of the latest order). Equals get one
-- score, that of the lowest of them, so a fifth may stay empty. rule says whom a segment holds; who fits several is in the first.
-- Orders of one day are one purchase. Each order is worth what its currency was worth on its day; an order on a day without a rate
-- adds nothing, and the note says how many these are. The last row is all customers together. A member's accounts are one
-- customer. Orders that are cancelled are aside, returned ones count.
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
), buyer as (
    select customer, (select today from clock) - max(day) as days_since, count(*) as purchases,
        coalesce(sum(value), 0) as value, sum(unconverted) as unconverted
    from purchase
    group by customer
), score as materialized (
    select *, 1 + 5 * (rank() over (order by days_since desc) - 1) / count(*) over () as recency,
        1 + 5 * (rank() over (order by purchases) - 1) / count(*) over () as frequency,
        1 + 5 * (rank() over (order by round(value, 2)) - 1) / count(*) over () as monetary
    from buyer
), segment (position, segment, rule) as (values
    (1, 'champions', 'recency 4 to 5, frequency 4 to 5, value 4 to 5'), (2, 'loyal', 'recency 3 to 5, frequency 3 to 5'),
    (3, 'new', 'recency 4 to 5, one purchase'), (4, 'promising', 'recency 3 to 5'),
    (5, 'at risk', 'recency 1 to 2, frequency or value 4 to 5'), (6, 'hibernating', 'recency 1 to 2'), (7, 'all', null)
), placed as (
    select *, case
        when recency >= 4 and frequency >= 4 and monetary >= 4 then 1
        when recency >= 3 and frequency >= 3 then 2
        when recency >= 4 and purchases = 1 then 3
        when recency >= 3 then 4
        when frequency >= 4 or monetary >= 4 then 5
        else 6 end as position
    from score
), summed as (
    select coalesce(position, 7) as position, count(*) as customers, percentile_cont(0.5) within group (order by days_since) as days_since,
        avg(purchases) as purchases, sum(value) as value, sum(unconverted) as unconverted
    from placed
    group by grouping sets ((position), ())
), gap as (
    select string_agg(format('nobody has %s %s', d.dimension, d.score), ', ' order by d.place, d.score) as words
    from (
        select place, dimension, n as score
        from unnest(array['recency', 'frequency', 'value']) with ordinality as x (dimension, place)
        cross join generate_series(1, 5) as n
        except
        select v.place, v.dimension, v.score
        from (select distinct recency, frequency, monetary from score) s
        cross join lateral (values (1, 'recency', s.recency), (2, 'frequency', s.frequency), (3, 'value', s.monetary)) v (place, dimension, score)
    ) d
)
select g.segment, g.rule, coalesce(s.customers, 0) as customers, round(s.customers::numeric / nullif(t.customers, 0), 4) as share,
    round(s.days_since::numeric, 1) as days_since, round(s.purchases, 2) as purchases, round(coalesce(s.value, 0), 2) as value,
    round(s.value / nullif(t.value, 0), 4) as value_share,
    case when g.position < 7 then null
        when t.customers = 0 then 'there is no order by then'
        else nullif(concat_ws('; ', case when t.customers < 5 then 'fewer than 5 customers' else (select words from gap) end,
            'orders without a rate: ' || nullif(t.unconverted, 0)), '') end as note
from segment g
left join summed s on s.position = g.position
cross join (select * from summed where position = 7) t
order by g.position;
