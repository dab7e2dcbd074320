-- title:  Top members by spending
-- params: :limit integer = 10
-- answer: rank, membership_id, orders, spending (numeric, shop currency), unconverted_orders
--
-- A member's accounts count together. Orders that are cancelled are aside; returned ones count, as what was paid back is not
-- known. Each order is worth what its currency was worth on its day (UTC); an order on a day without a rate is counted in
-- orders and in unconverted_orders, and adds nothing to spending. Members of equal spending (by cents) share a rank, and
-- whoever shares the last rank is shown, too.
\if :{?limit}
\else
    \set limit 10
\endif
select s.rank, s.membership_id, s.orders, s.spending, s.unconverted_orders
from (
    select m.membership_id, count(*) as orders,
        round(coalesce(sum(o.total_amount * r.rate), 0), 2) as spending,
        count(*) filter (where r.rate is null) as unconverted_orders,
        rank() over (order by round(coalesce(sum(o.total_amount * r.rate), 0), 2) desc) as rank
    from analytics.customer_member m
    join analytics.orders o on o.customer_id = m.customer_id
    left join analytics.daily_rate r on r.currency = o.currency and r.day = (o.order_date at time zone 'UTC')::date
    where o.status <> 'cancelled'
    group by m.membership_id
) s
where s.rank <= :limit
order by s.rank, s.membership_id collate "C";
