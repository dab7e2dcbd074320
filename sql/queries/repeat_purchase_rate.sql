-- title:  Repeat-purchase rate by month of the first order
-- params: :as_of date = null, :days integer = 90
-- answer: first_month (first day; null: all), buyers, repeaters, repeat_rate, watched, watched_repeaters, watched_rate, median_days
--
-- A buyer is a member with all accounts together, or a customer who is no member; repeaters have ordered again by as_of
-- (UTC; null: the day of the latest order). Recent buyers have had little time to: watched are those whose first order was
-- at least :days days before as_of, watched_repeaters those of them who ordered again within :days days, and watched_rate
-- compares months fairly. median_days is from the first order to the second. Orders that are cancelled are aside, returned
-- ones count. The last row, without a month, is all months together.
\if :{?as_of}
\else
    \set as_of ''
\endif
\if :{?days}
\else
    \set days 90
\endif
with clock as (
    select (coalesce(nullif(:'as_of', '')::date, ((select max(order_date) from analytics.orders) at time zone 'UTC')::date) + 1)
        ::timestamp at time zone 'UTC' as until
), buyer as (
    select b.first_order, b.second_order - b.first_order as gap,
        b.first_order < (select until - make_interval(days => :days) from clock) as watched
    from (
        select o.order_date as first_order, lead(o.order_date) over w as second_order, row_number() over w as number
        from analytics.orders o
        left join analytics.customer_member m on m.customer_id = o.customer_id
        where o.status <> 'cancelled' and o.order_date < (select until from clock)
        window w as (
            partition by m.membership_id, case when m.membership_id is null then o.customer_id end
            order by o.order_date, o.order_id)
    ) b
    where b.number = 1
)
select date_trunc('month', first_order at time zone 'UTC')::date as first_month, count(*) as buyers, count(gap) as repeaters,
    round(count(gap)::numeric / nullif(count(*), 0), 4) as repeat_rate,
    count(*) filter (where watched) as watched,
    count(*) filter (where watched and gap <= make_interval(days => :days)) as watched_repeaters,
    round(count(*) filter (where watched and gap <= make_interval(days => :days))::numeric
        / nullif(count(*) filter (where watched), 0), 4) as watched_rate,
    round((extract(epoch from percentile_cont(0.5) within group (order by gap)) / 86400)::numeric, 1) as median_days
from buyer
group by grouping sets ((1), ())
order by first_month nulls last;
