-- title:  Stock that runs out within the supplier's lead time
-- params: :as_of date = null, :days integer = 90
-- answer: product_id, name, supplier, stock_quantity, sold_per_day, days_left, lead_time (days), runs_out_on, short_by (pieces)
--
-- Items whose stock lasts no longer than goods ordered today would take to come, if they go on selling as in the last :days
-- days up to as_of (UTC; null: the day of the latest order). The stock is as it is now. Orders that are cancelled or
-- returned are aside, as their goods are on stock again; so are items that are retired, and items that sold nothing in these
-- days. short_by is what will be wanted before goods can come, less the stock.
\if :{?as_of}
\else
    \set as_of ''
\endif
\if :{?days}
\else
    \set days 90
\endif
with clock as (
    select coalesce(nullif(:'as_of', '')::date, ((select max(order_date) from analytics.orders) at time zone 'UTC')::date) as today
), sold as (
    select i.product_id, sum(i.quantity) as pieces
    from analytics.orders o
    join analytics.order_items i on i.order_id = o.order_id
    where o.status not in ('cancelled', 'returned')
        and o.order_date >= (select (today - :days + 1)::timestamp at time zone 'UTC' from clock)
        and o.order_date < (select (today + 1)::timestamp at time zone 'UTC' from clock)
    group by i.product_id
)
select l.product_id, l.name, l.supplier, l.stock_quantity, round(l.pieces / :days::numeric, 3) as sold_per_day,
    round(l.days_left, 1) as days_left, l.lead_time,
    (select today from clock) + floor(l.days_left)::integer as runs_out_on,
    ceil(l.lead_time * l.pieces / :days::numeric)::bigint - l.stock_quantity as short_by
from (
    select p.product_id, p.name, s.company_name as supplier, p.stock_quantity, s.lead_time, d.pieces,
        p.stock_quantity * :days::numeric / d.pieces as days_left
    from sold d
    join analytics.products p on p.product_id = d.product_id
    join analytics.suppliers s on s.supplier_id = p.supplier_id
    where p.stock_quantity * :days::numeric <= s.lead_time * d.pieces
        and not exists (select from analytics.product_retirement r where r.product_id = p.product_id)
) l
order by round(l.days_left, 1) - l.lead_time, l.product_id;
