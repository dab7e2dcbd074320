-- title:  Items that members buy most often
-- params: :limit integer = 3
-- answer: rank, product_id, name, orders, pieces
--
-- Counted are members' orders that contain the item; orders that are cancelled are aside, returned ones count. Items in
-- equally many orders share a rank, and whichever shares the last rank is shown, too.
\if :{?limit}
\else
    \set limit 3
\endif
select t.rank, t.product_id, p.name, t.orders, t.pieces
from (
    select i.product_id, count(*) as orders, sum(i.quantity) as pieces, rank() over (order by count(*) desc) as rank
    from analytics.customer_member m
    join analytics.orders o on o.customer_id = m.customer_id
    join analytics.order_items i on i.order_id = o.order_id
    where o.status <> 'cancelled'
    group by i.product_id
) t
join analytics.products p on p.product_id = t.product_id
where t.rank <= :limit
order by t.rank, t.product_id;
