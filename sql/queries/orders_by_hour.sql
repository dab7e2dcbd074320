-- title:  Orders by time of day
-- params: :first_day date = null, :last_day date = null, :time_zone text = UTC
-- answer: rank, hour (0 to 23; null: not known), orders, share (of the orders with a time), note
--
-- Orders placed from first_day to last_day (both included; null: no bound), by the hour in time_zone, all 24 of them; hours of
-- equally many orders share a rank. Orders of which only the day is known have no hour: they are the last row, and the only
-- one where no order has a time. Orders that are cancelled are aside, returned ones count.
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
    select o.order_date at time zone case when w.order_id is null then :'time_zone' else 'UTC' end as at, w.order_id is null as timed
    from analytics.orders o
    left join analytics.order_without_time w on w.order_id = o.order_id
    where o.status <> 'cancelled'
), number as (
    select extract(hour from at) as hour, count(*) as orders, min(at::time) as least, max(at::time) as most
    from placed
    where timed and at >= coalesce(nullif(:'first_day', '')::timestamp, '-infinity')
        and at < coalesce((nullif(:'last_day', '')::date + 1)::timestamp, 'infinity')
    group by 1
), total as (
    select coalesce(sum(orders), 0) as timed, case when min(least) = max(most) and sum(orders) > 1 then min(least) end as moment,
        (select count(*) from placed
            where not timed and at >= coalesce(nullif(:'first_day', '')::timestamp, '-infinity')
                and at < coalesce((nullif(:'last_day', '')::date + 1)::timestamp, 'infinity')) as untimed
    from number
)
select rank() over (order by coalesce(n.orders, 0) desc) as rank, h.hour, coalesce(n.orders, 0) as orders,
    round(coalesce(n.orders, 0) / t.timed, 4) as share,
    case when n.orders > 0 then 'every order is at ' || t.moment || ', so the time may have been unknown' end as note
from total t
cross join generate_series(0, 23) as h (hour)
left join number n on n.hour = h.hour
where t.timed > 0
union all
select null, null, untimed, null,
    case when timed > 0 then 'only the day of these is known'
        when untimed > 0 then 'no order in it has a time of day' else 'there is no order in this time' end
from total
where untimed > 0 or timed = 0
order by 1 nulls last, 2;
