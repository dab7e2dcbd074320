create or replace function ops.source_orders_in_shop(p_source text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
-- What became of a source's orders: {"in_shop", "removed": taken in and removed since, "without": {code: orders}}, by the first of
-- the open findings that keep an order out; `waiting` where none says why.
begin
    return (
        with told as (
            select o.order_id, s.order_id is not null as there, f.code
            from shop.source_orders o
            left join shop.orders s using (order_id)
            left join (
                select record, min(code) as code from quality.finding
                where source = p_source and resolved_at is null and feed = 'source.orders'
                    and code in ('order_without_lines', 'order_without_customer', 'order_too_large', 'order_refused', 'line_rejected') group by record
            ) f on f.record = shop.source_record('source.orders', o.source_key)
            where o.source = p_source
        )
        select jsonb_build_object(
            'in_shop', count(*) filter (where there),
            'removed', count(*) filter (where order_id is not null and not there),
            'without', coalesce(
                (select jsonb_object_agg(w.code, w.orders) from (
                    select coalesce(t.code, 'waiting') as code, count(*) as orders from told t where t.order_id is null group by 1) w),
                '{}'))
        from told);
end
$$;
