-- title:  Customers who have bought again within so many days
-- params: :every integer = 30, :until integer = 360, :as_of date = null
-- answer: days, watched (customers), bought_again, share, estimate (Kaplan-Meier), note
--
-- For every so many days until :until days after the first purchase, the share of customers who bought a second time by then.
-- watched are those whose first purchase was at least so many days before as_of (UTC; null: the day of the latest order), and
-- bought_again those of them who bought again within these days: whoever came later has had too little time and is in neither.
-- So each row is of other customers, and the share may fall from one to the next. estimate uses the others for as long as they were
-- watched (Kaplan and Meier's estimator) and never falls. Orders of one day (UTC) are one purchase, unlike in
-- repeat_purchase_rate. A member's accounts are one customer. Orders that are cancelled are aside, returned ones count.
\if :{?every}
\else
    \set every 30
\endif
\if :{?until}
\else
    \set until 360
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
    select coalesce(a.customer, o.customer_id) as customer, (o.order_date at time zone 'UTC')::date as day
    from analytics.orders o
    left join account a on a.customer_id = o.customer_id
    where o.status <> 'cancelled' and o.order_date < (select (today + 1)::timestamp at time zone 'UTC' from clock)
), buyer as materialized (
    select (select today from clock) - first_day as watched, second_day - first_day as gap
    from (
        select min(day) as first_day, min(day) filter (where day > first_day) as second_day
        from (select customer, day, min(day) over (partition by customer) as first_day from placed) p
        group by customer
    ) b
), moment as (
    select days, sum(back) as back, sum(count(*)) over (order by days desc) as at_risk
    from (select coalesce(gap, watched) as days, case when gap is null then 0 else 1 end as back from buyer) b
    group by days
), remaining as (
    select days, case when bool_or(back = at_risk) over w then 0 else exp(sum(ln(1 - back::float8 / nullif(at_risk, back))) over w) end as share
    from moment
    window w as (order by days)
), answer as (
    select s.days, count(*) filter (where b.watched >= s.days) as watched,
        count(*) filter (where b.watched >= s.days and b.gap <= s.days) as bought_again
    from generate_series(:every, :until, :every) as s (days)
    left join buyer b on true
    group by s.days
)
select a.days, a.watched, a.bought_again, round(a.bought_again::numeric / nullif(a.watched, 0), 4) as share,
    case when a.watched > 0 then round((1 - coalesce(
        (select r.share from remaining r where r.days <= a.days order by r.days desc limit 1), 1))::numeric, 4) end as estimate,
    case when a.watched = 0 then 'no customer has been watched for so long'
        when a.watched < 30 then 'fewer than 30 customers have been watched for so long' end as note
from answer a
order by a.days;
