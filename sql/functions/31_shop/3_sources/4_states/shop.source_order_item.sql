create or replace view shop.source_order_item with (security_invoker = true) as
-- What the lines of an order come to in the shop, where a product stands once in an order: quantities are summed, the price is
-- the highest, and the discount is what makes the total exact.
select d.source, d.order_key, p.product_id, sum(d.quantity) as quantity, max(d.unit_price)::numeric as unit_price,
    sum(d.quantity) * max(d.unit_price) - sum(d.quantity * d.unit_price - d.discount) as discount_amount,
    sum(d.quantity * d.unit_price - d.discount) as total_price
from shop.source_order_details d
join shop.source_products p on p.source = d.source and p.source_key = d.product_key
where p.product_id is not null
group by d.source, d.order_key, p.product_id;

comment on view shop.source_order_item is 'lines of orders of order systems as items of the shop, those whose product is known';
