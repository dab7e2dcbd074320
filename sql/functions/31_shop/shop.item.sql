create or replace view shop.item with (security_invoker = true) as
select p.product_id, p.name as item_name, s.company_name as manufacturer_name, p.price as cost, p.weight as weight_kg
from shop.products p
join shop.suppliers s on s.supplier_id = p.supplier_id
where not exists (select from shop.product_retirement r where r.product_id = p.product_id);

comment on view shop.item is 'what is sold, in the sales side''s words';
comment on column shop.item.cost is 'what one is sold for, in the shop''s currency: shop.products.price, not shop.products.cost';
comment on column shop.item.weight_kg is 'kg of one piece; null where unknown';
