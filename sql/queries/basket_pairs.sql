-- title:  Items that are bought together
-- params: :limit integer = 20, :min_orders integer = 2
-- answer: rank, product_a, name_a, product_b, name_b, orders, support, confidence_ab, confidence_ba, lift
--
-- Pairs of items that stand together in at least min_orders orders, the most frequent first. support is the share of all
-- orders that hold both, confidence_ab the share of orders with a that hold b as well, and lift how much more often the two
-- meet than by chance (1). Orders that are cancelled are aside, returned ones count. Pairs in equally many orders share a
-- rank, and whichever shares the last rank is shown, too.
\if :{?limit}
\else
    \set limit 20
\endif
\if :{?min_orders}
\else
    \set min_orders 2
\endif
with basket as materialized (
    select array_agg(i.product_id) as items, count(*)::integer as size
    from analytics.order_items i
    join analytics.orders o on o.order_id = i.order_id
    where o.status <> 'cancelled'
    group by i.order_id
), item as (
    select l.product_id, count(*) as orders
    from basket b
    cross join unnest(b.items) as l (product_id)
    group by l.product_id
), pair as (
    select a.product_id as product_a, l.product_id as product_b, count(*) as orders, rank() over (order by count(*) desc) as rank
    from basket b
    cross join unnest(b.items) as a (product_id)
    cross join unnest(b.items) as l (product_id)
    where b.size > 1 and a.product_id < l.product_id
    group by a.product_id, l.product_id
    having count(*) >= :min_orders
)
select p.rank, p.product_a, x.name as name_a, p.product_b, y.name as name_b, p.orders,
    round(p.orders::numeric / t.orders, 6) as support,
    round(p.orders::numeric / a.orders, 4) as confidence_ab,
    round(p.orders::numeric / b.orders, 4) as confidence_ba,
    round(p.orders::numeric * t.orders / (a.orders * b.orders), 3) as lift
from pair p
cross join (select count(*) as orders from basket) t
join item a on a.product_id = p.product_a
join item b on b.product_id = p.product_b
join analytics.products x on x.product_id = p.product_a
join analytics.products y on y.product_id = p.product_b
where p.rank <= :limit
order by p.rank, p.product_a, p.product_b;
