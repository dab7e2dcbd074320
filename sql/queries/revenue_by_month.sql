-- title:  Revenue and margin by month and category
-- params: :first_day date = null, :last_day date = null
-- answer: month (first day), category, lines, pieces, revenue, returned_revenue, cost, margin (numeric, shop currency), margin_share, revenue_without_cost, unconverted_lines
--
-- Of orders placed from first_day to last_day (UTC, both included; null: no bound). Orders that are cancelled are aside;
-- returned ones count, and returned_revenue says how much of the revenue is theirs. Lines are worth what their currency was
-- worth on the order's day; lines on a day without a rate add nothing and are counted in unconverted_lines. The cost is
-- products.cost as it is now; margin, cost and margin_share (margin / revenue of these lines) are of products whose cost is
-- known, revenue_without_cost is that of the others.
\if :{?first_day}
\else
    \set first_day ''
\endif
\if :{?last_day}
\else
    \set last_day ''
\endif
select m.month, m.category, m.lines, m.pieces, round(m.revenue, 2) as revenue, round(m.returned_revenue, 2) as returned_revenue,
    round(m.cost, 2) as cost, round(m.costed_revenue - m.cost, 2) as margin,
    round((m.costed_revenue - m.cost) / nullif(m.costed_revenue, 0), 4) as margin_share,
    round(m.revenue - m.costed_revenue, 2) as revenue_without_cost, m.unconverted_lines
from (
    select o.month, p.category, count(*) as lines, sum(i.quantity) as pieces,
        coalesce(sum(i.total_price * o.rate), 0) as revenue,
        coalesce(sum(i.total_price * o.rate) filter (where o.returned), 0) as returned_revenue,
        coalesce(sum(i.total_price * o.rate) filter (where p.cost is not null), 0) as costed_revenue,
        coalesce(sum(i.quantity * p.cost) filter (where o.rate is not null), 0) as cost,
        count(*) filter (where o.rate is null) as unconverted_lines
    from (
        select o.order_id, date_trunc('month', o.order_date at time zone 'UTC')::date as month,
            o.status = 'returned' as returned, r.rate
        from analytics.orders o
        left join analytics.daily_rate r on r.currency = o.currency and r.day = (o.order_date at time zone 'UTC')::date
        where o.status <> 'cancelled'
            and o.order_date >= coalesce(nullif(:'first_day', '')::timestamp at time zone 'UTC', '-infinity')
            and o.order_date < coalesce((nullif(:'last_day', '')::date + 1)::timestamp at time zone 'UTC', 'infinity')
    ) o
    join analytics.order_items i on i.order_id = o.order_id
    join analytics.products p on p.product_id = i.product_id
    group by o.month, p.category
) m
order by m.month, m.category collate "C";
