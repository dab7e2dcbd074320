create or replace view shop.stock_fault with (security_invoker = true) as
select p.product_id, p.stock_quantity, (coalesce(m.quantity, 0) - coalesce(i.quantity, 0))::bigint as expected
from shop.products p
left join (select product_id, sum(quantity) as quantity from shop.stock_movement group by product_id) m
    on m.product_id = p.product_id
left join (
    select i.product_id, sum(i.quantity) as quantity
    from shop.order_items i
    join shop.orders o on o.order_id = i.order_id and shop.takes_stock(o.status)
    group by i.product_id
) i on i.product_id = p.product_id
where p.stock_quantity <> coalesce(m.quantity, 0) - coalesce(i.quantity, 0);

comment on view shop.stock_fault is 'products whose stock is not what movements and orders leave: always empty';
