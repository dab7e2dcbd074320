create or replace function shop.assemble_source(p_source text, p_run bigint) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set jit = off
set work_mem = '128MB'
as $$
-- Takes what an order system has sent into the shop: new and changed customers and products, orders that have become complete, what
-- has changed of those that are there; then opens and resolves findings. One at a time a source. Doing it twice does nothing,
-- and the order that records came in does not matter. An order that is gone from the shop is not brought back.
-- Gives counts of what was taken or changed, and of findings that are open:
--   {"customers", "products", "orders", "lines", "findings_open"}
-- Errors: EM500 source is unknown
declare
    v_source shop.source%rowtype;
    v_customers bigint;
    v_products bigint;
    v_orders bigint;
    v_lines bigint;
    v_place text[];
    v_amend text[];
begin
    perform pg_advisory_xact_lock(hashtextextended('shop.source.' || p_source, 0));
    v_source := shop.source_named(p_source);
    update shop.source set assembled_at = clock_timestamp() where source = p_source;
    v_customers := shop.assemble_customers(v_source);
    v_products := shop.assemble_products(v_source);
    -- Whoever orders them meanwhile waits: their stock goes up and down here.
    perform from shop.products p
    where p.product_id in (select product_id from shop.source_products where source = p_source)
    order by p.product_id for no key update;

    select coalesce(array_agg(t.source_key order by t.ordered_at, length(t.source_key), t.source_key) filter (where t.order_id is null), '{}'),
        coalesce(array_agg(t.source_key order by t.source_key) filter (where t.order_id is not null), '{}')
    into v_place, v_amend
    from shop.source_order_state t
    where t.source = p_source and t.complete and not t.too_large and not t.removed
        and (t.order_id is null or not t.up_to_date and t.customer_id = t.shop_customer_id and (t.status = t.shop_status
            or exists (select from shop.order_status_path w where w.from_status = t.shop_status and w.to_status = t.status)));
    select count(*) into v_lines
    from shop.source_order_details d
    where d.source = p_source and d.assembled is distinct from d.digest;
    v_orders := shop.place_orders(v_source, v_place) + shop.amend_orders(v_source, v_amend);
    select v_lines - count(*) into v_lines
    from shop.source_order_details d
    where d.source = p_source and d.assembled is distinct from d.digest;
    perform shop.retire_products(v_source);
    return jsonb_build_object('customers', v_customers, 'products', v_products, 'orders', v_orders, 'lines', v_lines,
        'findings_open', quality.settle_findings(p_source, p_run, null,
            array(select code from ops.rule where feed like 'source.%' and severity = 'warning' and code <> 'gone_from_source'),
            array(select f from shop.source_faults(p_source) f)));
end
$$;
