create or replace view shop.source_order_state with (security_invoker = true) as
-- How far each order of the order systems is: where it can be taken into the shop, and where the shop has what was sent.
--   content      digest of the order and its lines
--   complete     its customer is in the shop, and it has lines, all of products that are, and none that was rejected
--   too_large    the shop takes no such quantity or total
--   removed      it was in the shop and is no longer: it is not brought back
--   up_to_date   the shop has this content
select s.source, s.source_key, s.ordered_at, s.order_id, c.customer_id, w.content,
    c.customer_id is not null and coalesce(l.complete, false) and r.order_key is null as complete,
    coalesce(l.too_large, false) as too_large,
    s.order_id is not null and o.order_id is null as removed,
    s.assembled is not distinct from w.content as up_to_date,
    o.customer_id as shop_customer_id, o.status as shop_status, s.status
from shop.source_orders s
left join shop.source_customers c on c.source = s.source and c.source_key = s.customer_key
left join shop.orders o on o.order_id = s.order_id
left join (select distinct source, order_key from shop.source_refused_lines) r on r.source = s.source and r.order_key = s.source_key
left join (
    select g.source, g.order_key, bool_and(g.known) as complete, string_agg(g.digests, '' order by g.product_key) as digests,
        bool_or(g.quantity > 1000000 or g.quantity * g.unit_price >= 1000000000000) or sum(g.total) >= 1000000000000 as too_large
    from (
        select d.source, d.order_key, d.product_key, bool_and(p.product_id is not null) as known, sum(d.quantity) as quantity,
            max(d.unit_price)::numeric as unit_price, sum(d.quantity * d.unit_price - d.discount) as total,
            string_agg(d.digest::text, '' order by d.line_no) as digests
        from shop.source_order_details d
        left join shop.source_products p on p.source = d.source and p.source_key = d.product_key
        group by d.source, d.order_key, d.product_key
    ) g
    group by g.source, g.order_key
) l on l.source = s.source and l.order_key = s.source_key
cross join lateral (select md5(s.digest || coalesce(l.digests, ''))::uuid as content) w;

comment on view shop.source_order_state is 'how far each order of the order systems is on its way into the shop';
