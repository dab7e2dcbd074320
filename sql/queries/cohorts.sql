-- title:  Cohorts by the month of the first purchase
-- params: :first_month date = null, :as_of date = null
-- answer: first_month (first day; null: all), customers, orders, value (numeric, shop currency), unconverted_orders, value_0, value_3, value_6, value_12 (per customer), month_1, month_2, month_3, month_4, month_5, month_6, month_7, month_8, month_9, month_10, month_11, month_12, note
--
-- Customers by the calendar month (UTC) of their first purchase by as_of (null: the day of the latest order), from first_month on
-- (null: from the first order on). month_1 is the share of them who bought in the next calendar month, month_2 in the one after,
-- and so on; value_3 is what they spent per customer from the first month to the third after it. A month that is not over by
-- as_of has no share. The last row, without a month, is all cohorts together, each for the months that it has had. orders and value
-- are all by as_of; an order on a day without a rate is counted in orders and in unconverted_orders, and adds nothing to value. A
-- member's accounts are one customer. Orders that are cancelled are aside, returned ones count.
\if :{?first_month}
\else
    \set first_month ''
\endif
\if :{?as_of}
\else
    \set as_of ''
\endif
with clock as (
    select today, date_trunc('month', (today + 1)::timestamp) as open_month
    from (
        select coalesce(nullif(:'as_of', '')::date, ((select max(order_date) from analytics.orders) at time zone 'UTC')::date) as today
    ) d
), account as (
    select customer_id, min(customer_id) over (partition by membership_id) as customer from analytics.customer_member
), month as (
    select coalesce(a.customer, o.customer_id) as customer, date_trunc('month', o.order_date at time zone 'UTC') as month,
        count(*) as orders, count(*) - count(r.rate) as unconverted, coalesce(sum(o.total_amount * r.rate), 0) as value
    from analytics.orders o
    left join account a on a.customer_id = o.customer_id
    left join analytics.daily_rate r on r.currency = o.currency and r.day = (o.order_date at time zone 'UTC')::date
    where o.status <> 'cancelled' and o.order_date < (select (today + 1)::timestamp at time zone 'UTC' from clock)
    group by 1, 2
), cell as (
    select first_month, extract(year from age(month, first_month)) * 12 + extract(month from age(month, first_month)) as number,
        count(*) as customers, sum(orders) as orders, sum(unconverted) as unconverted, sum(value) as value
    from (select m.*, min(month) over (partition by customer) as first_month from month m) m
    group by first_month, 2
), lived as (
    -- The number of the last month that is over; below 0 where the first is not.
    select c.*, extract(year from age(t.open_month, c.first_month)) * 12 + extract(month from age(t.open_month, c.first_month)) - 1 as last
    from cell c
    cross join clock t
    where c.first_month >= coalesce(date_trunc('month', nullif(:'first_month', '')::timestamp), '-infinity')
)
select first_month::date as first_month, coalesce(sum(customers) filter (where number = 0), 0)::bigint as customers,
    coalesce(sum(orders), 0)::bigint as orders, round(coalesce(sum(value), 0), 2) as value,
    coalesce(sum(unconverted), 0)::bigint as unconverted_orders,
    round(sum(value) filter (where number <= 0 and last >= 0) / sum(customers) filter (where number = 0 and last >= 0), 2) as value_0,
    round(sum(value) filter (where number <= 3 and last >= 3) / sum(customers) filter (where number = 0 and last >= 3), 2) as value_3,
    round(sum(value) filter (where number <= 6 and last >= 6) / sum(customers) filter (where number = 0 and last >= 6), 2) as value_6,
    round(sum(value) filter (where number <= 12 and last >= 12) / sum(customers) filter (where number = 0 and last >= 12), 2) as value_12,
    round(coalesce(sum(customers) filter (where number = 1 and last >= 1), 0)
        / sum(customers) filter (where number = 0 and last >= 1), 4) as month_1,
    round(coalesce(sum(customers) filter (where number = 2 and last >= 2), 0)
        / sum(customers) filter (where number = 0 and last >= 2), 4) as month_2,
    round(coalesce(sum(customers) filter (where number = 3 and last >= 3), 0)
        / sum(customers) filter (where number = 0 and last >= 3), 4) as month_3,
    round(coalesce(sum(customers) filter (where number = 4 and last >= 4), 0)
        / sum(customers) filter (where number = 0 and last >= 4), 4) as month_4,
    round(coalesce(sum(customers) filter (where number = 5 and last >= 5), 0)
        / sum(customers) filter (where number = 0 and last >= 5), 4) as month_5,
    round(coalesce(sum(customers) filter (where number = 6 and last >= 6), 0)
        / sum(customers) filter (where number = 0 and last >= 6), 4) as month_6,
    round(coalesce(sum(customers) filter (where number = 7 and last >= 7), 0)
        / sum(customers) filter (where number = 0 and last >= 7), 4) as month_7,
    round(coalesce(sum(customers) filter (where number = 8 and last >= 8), 0)
        / sum(customers) filter (where number = 0 and last >= 8), 4) as month_8,
    round(coalesce(sum(customers) filter (where number = 9 and last >= 9), 0)
        / sum(customers) filter (where number = 0 and last >= 9), 4) as month_9,
    round(coalesce(sum(customers) filter (where number = 10 and last >= 10), 0)
        / sum(customers) filter (where number = 0 and last >= 10), 4) as month_10,
    round(coalesce(sum(customers) filter (where number = 11 and last >= 11), 0)
        / sum(customers) filter (where number = 0 and last >= 11), 4) as month_11,
    round(coalesce(sum(customers) filter (where number = 12 and last >= 12), 0)
        / sum(customers) filter (where number = 0 and last >= 12), 4) as month_12,
    case when count(*) = 0 then 'there is no order in this time'
        when first_month is not null and max(last) < 0 then 'the month is not over'
        when sum(customers) filter (where number = 0) < 20 then 'fewer than 20 customers' end as note
from lived
group by grouping sets ((first_month), ())
order by lived.first_month nulls last;
