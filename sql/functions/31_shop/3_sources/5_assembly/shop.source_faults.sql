create or replace function shop.source_faults(p_source text) returns setof quality.found
language sql stable set search_path = pg_catalog, pg_temp set enable_nestloop = off set jit = off set work_mem = '64MB' as $$
-- What is wrong with the records of an order system as they stand, and with what became of them in the shop: a row each. One
-- place for all of it but what is gone from the source, which only a snapshot tells.
-- While nothing at all of a feed has come, that is one finding, and not one for each record that waits for it: files come one
-- after another.
with came as materialized (
    select exists (select from shop.source_customers where source = p_source) as customers,
        exists (select from shop.source_products where source = p_source) as products,
        exists (select from shop.source_orders where source = p_source) as orders,
        exists (select from shop.source_order_details where source = p_source) as lines
)
select 'source.' || f.feed, 'feed_missing', replace(f.feed, '_', ' ')
from came
cross join lateral (values
    ('customers', came.orders and not came.customers), ('products', came.lines and not came.products),
    ('orders', came.lines and not came.orders), ('order_details', came.orders and not came.lines)
) as f (feed, holds)
where f.holds
union all
select 'source.order_details', 'line_without_order', shop.source_record('source.order_details', d.source_key)
from shop.source_order_details d
left join shop.source_orders s on s.source = d.source and s.source_key = d.order_key
where d.source = p_source and s.source_key is null and (select orders from came)
union all
select 'source.order_details', 'line_without_product', shop.source_record('source.order_details', d.source_key)
from shop.source_order_details d
left join shop.source_products p on p.source = d.source and p.source_key = d.product_key
where d.source = p_source and p.source_key is null and (select products from came)
union all
select 'source.orders', 'order_without_lines', shop.source_record('source.orders', s.source_key)
from shop.source_orders s
left join shop.source_order_details d on d.source = s.source and d.order_key = s.source_key
where s.source = p_source and d.source_key is null and (select lines from came)
    and not exists (select from shop.source_refused_lines r where r.source = s.source and r.order_key = s.source_key)
union all
select 'source.orders', 'line_rejected', shop.source_record('source.orders', s.source_key)
from (select distinct order_key from shop.source_refused_lines where source = p_source) r
join shop.source_orders s on s.source = p_source and s.source_key = r.order_key
union all
select 'source.orders', 'order_without_customer', shop.source_record('source.orders', s.source_key)
from shop.source_orders s
left join shop.source_customers c on c.source = s.source and c.source_key = s.customer_key
where s.source = p_source and c.source_key is null and (select customers from came)
union all
select 'source.orders', f.code, shop.source_record('source.orders', s.source_key)
from shop.source_orders s
cross join lateral (values
    ('paid_before_placed', s.paid_on < s.ordered_on or s.has_time and s.paid_at < s.ordered_at),
    ('shipped_before_placed', s.shipped_on < s.ordered_on or s.has_time and s.shipped_at < s.ordered_at)
) as f (code, holds)
where s.source = p_source and f.holds
union all
select 'source.orders', 'product_twice', shop.source_record('source.orders', t.order_key)
from (
    select distinct d.order_key
    from (
        select order_key, product_key from shop.source_order_details
        where source = p_source group by order_key, product_key having count(*) > 1
    ) d
    join shop.source_orders s on s.source = p_source and s.source_key = d.order_key
) t
union all
select 'source.orders',
    case when t.too_large then 'order_too_large' when t.order_id is null then 'order_refused' else 'order_changed' end,
    shop.source_record('source.orders', t.source_key)
from shop.source_order_state t
where t.source = p_source and t.complete and not t.removed and not (t.order_id is not null and t.up_to_date)
union all
select r.feed, u.key || '_unusable', shop.source_record(r.feed, r.source_key)
from (
    select 'source.customers' as feed, source_key, unused from shop.source_customers where source = p_source and unused is not null
    union all
    select 'source.employees', source_key, unused from shop.source_employees where source = p_source and unused is not null
    union all
    select 'source.products', source_key, unused from shop.source_products where source = p_source and unused is not null
    union all
    select 'source.orders', source_key, unused from shop.source_orders where source = p_source and unused is not null
) r
cross join lateral jsonb_object_keys(r.unused) as u (key)
$$;
