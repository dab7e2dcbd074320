-- title:  Black Friday against a normal Friday
-- params: :as_of date = null
-- answer: year, day, orders, normal_orders, times_orders, revenue, normal_revenue (numeric, shop currency), times_revenue, items, normal_items, new_customers, normal_new_customers, discount_share, normal_discount_share, five_days_orders, normal_five_days, times_five_days, note
--
-- Black Friday, the day after the fourth Thursday of November, of each year from the first order's to that of as_of (UTC; null: the
-- day of the latest order). What is normal is the mean of the eight Fridays before it, of those that are not before the first order.
-- five_days_orders are from the Thursday to the Monday, against the same days of these weeks. items are pieces;
-- new_customers bought for the first time that day, a member's accounts being one customer; discount_share is what was taken off the
-- lines' prices. A year without data has no numbers, and its note says why. Amounts are worth what their currency was worth on
-- the day; orders on a day without a rate add none. Orders that are cancelled are aside, returned ones count.
\if :{?as_of}
\else
    \set as_of ''
\endif
with clock as (
    select coalesce(nullif(:'as_of', '')::date, (max(order_date) at time zone 'UTC')::date) as today,
        (min(order_date) filter (where status <> 'cancelled') at time zone 'UTC')::date as first_day
    from analytics.orders
), year as (
    select y as year, friday, first_day, today
    from clock
    left join lateral generate_series(extract(year from first_day)::integer, extract(year from today)::integer) as y on true
    cross join lateral (select make_date(y, 11, 1) as november) n
    cross join lateral (select november + (11 - extract(isodow from november)::integer) % 7 + 22 as friday) f
), calendar as (
    select y.year, week, place, y.friday - 7 * week + place as day
    from year y
    cross join generate_series(0, 8) as week
    cross join generate_series(-1, 3) as place
    where y.friday - 7 * week + place between y.first_day and y.today
), account as (
    select customer_id, min(customer_id) over (partition by membership_id) as customer from analytics.customer_member
), placed as (
    select o.order_id, (o.order_date at time zone 'UTC')::date as day, o.currency, o.total_amount,
        row_number() over (partition by coalesce(a.customer, o.customer_id) order by o.order_date, o.order_id) as number
    from analytics.orders o
    left join account a on a.customer_id = o.customer_id
    where o.status <> 'cancelled'
), observed as materialized (
    -- The calendar's days, by arithmetic: of a join the planner expects far more rows.
    select p.*, date_part('year', p.november)::integer as year, p.after + 7 * p.week as place, r.rate
    from (
        select p.*, f.after, (3 - f.after) / 7 as week, n.november
        from placed p
        cross join lateral (select make_date(date_part('year', p.day)::integer, 11, 1) as november) n
        cross join lateral (select p.day - (n.november + (11 - date_part('isodow', n.november)::integer) % 7 + 22) as after) f
        where f.after between -57 and 3 and p.day <= (select today from clock)
    ) p
    left join analytics.daily_rate r on r.currency = p.currency and r.day = p.day
    where p.after + 7 * p.week >= -1
), line as (
    select b.year, b.week > 0 as normal, sum(i.quantity) as items, sum(i.discount_amount * b.rate) as discount,
        sum(i.quantity * i.unit_price * b.rate) as price
    from observed b
    join analytics.order_items i on i.order_id = b.order_id
    where b.place = 0
    group by 1, 2
), number as (
    select year, week > 0 as normal, count(*) filter (where place = 0) as orders, count(*) as five_days,
        coalesce(sum(total_amount * rate) filter (where place = 0), 0) as revenue, count(*) filter (where place = 0 and number = 1) as new_customers,
        count(*) filter (where place = 0 and rate is null) as unconverted
    from observed
    group by 1, 2
), week as (
    select year, count(*) filter (where place = 0 and week > 0) as fridays, count(*) filter (where place = 3 and week > 0) as weeks,
        bool_or(week = 0 and place = 0) as reached, bool_or(week = 0 and place = 3) as over
    from calendar
    group by year
), answer as (
    select y.year, y.friday, y.first_day, y.today, coalesce(w.fridays, 0) as fridays, coalesce(w.reached, false) as reached, coalesce(w.over, false) as over,
        case when w.reached then coalesce(n.orders, 0) end as orders, case when w.reached then coalesce(n.revenue, 0) end as revenue,
        case when w.reached then coalesce(l.items, 0) end as items, case when w.reached then coalesce(n.new_customers, 0) end as new_customers,
        case when w.reached then coalesce(n.five_days, 0) end as five_days, l.discount / nullif(l.price, 0) as discount_share,
        coalesce(m.orders, 0)::numeric / nullif(w.fridays, 0) as normal_orders, coalesce(m.revenue, 0) / nullif(w.fridays, 0) as normal_revenue,
        coalesce(k.items, 0)::numeric / nullif(w.fridays, 0) as normal_items,
        coalesce(m.new_customers, 0)::numeric / nullif(w.fridays, 0) as normal_new_customers,
        coalesce(m.five_days, 0)::numeric / nullif(w.weeks, 0) as normal_five_days, k.discount / nullif(k.price, 0) as normal_discount_share,
        coalesce(n.unconverted, 0) + coalesce(m.unconverted, 0) as unconverted
    from year y
    left join week w on w.year = y.year
    left join number n on n.year = y.year and not n.normal
    left join number m on m.year = y.year and m.normal
    left join line l on l.year = y.year and not l.normal
    left join line k on k.year = y.year and k.normal
)
select year, friday as day, orders, round(normal_orders, 2) as normal_orders, round(orders / nullif(normal_orders, 0), 2) as times_orders,
    round(revenue, 2) as revenue, round(normal_revenue, 2) as normal_revenue, round(revenue / nullif(normal_revenue, 0), 2) as times_revenue,
    items, round(normal_items, 2) as normal_items, new_customers, round(normal_new_customers, 2) as normal_new_customers,
    round(discount_share, 4) as discount_share, round(normal_discount_share, 4) as normal_discount_share,
    five_days as five_days_orders, round(normal_five_days, 2) as normal_five_days, round(five_days / nullif(normal_five_days, 0), 2) as times_five_days,
    nullif(concat_ws('; ',
        case when year is null then 'there is no order by then' when friday > today then 'it is after ' || today when friday < first_day then 'it is before the first order'
            when orders = 0 then 'there is no order on that day' when not over then 'the five days are not over' end,
        case when friday >= first_day and fridays < 8 and friday <= today then format('Fridays before it since the first order: %s', fridays) end,
        'orders without a rate: ' || nullif(unconverted, 0)), '') as note
from answer
order by year;
