create or replace function shop.assemble_source(p_source text, p_run bigint) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set jit = off
set work_mem = '64MB'
set enable_nestloop = off  -- what has just been stored is estimated at one row
as $$
-- Takes what an order system has sent into the shop: new and changed customers and products, orders that have become complete, what
-- has changed of those that are there; then opens and resolves findings. One at a time a source. Doing it twice does nothing,
-- and the order that records came in does not matter. An order that is gone from the shop is not brought back.
-- Gives counts of what was taken or changed, the lines of those orders, and findings that are open:
--   {"customers", "products", "orders", "lines", "findings_open"}
-- Errors: EM500 source is unknown
declare
    v_source shop.source%rowtype;
    v_customers bigint;
    v_products bigint;
    v_orders bigint := 0;
    v_from integer;
    v_lines bigint;
    v_due record;
begin
    set constraints all deferred;  -- a promote in the same transaction, as in a replay, leaves them immediate
    perform pg_advisory_xact_lock(hashtextextended('shop.source.' || p_source, 0));
    v_source := shop.source_named(p_source);
    update shop.source set assembled_at = clock_timestamp() where source = p_source;
    v_customers := shop.assemble_customers(v_source);
    -- Whoever orders them meanwhile waits: their stock goes up and down here. In the order in which shop.take_stock() locks them.
    perform from shop.products p
    where p.product_id in (select product_id from shop.source_products where source = p_source)
    order by p.product_id for no key update;
    v_products := shop.assemble_products(v_source);

    -- Numbered by day, then by key, numbers by their size.
    with due as materialized (
        select t.* from shop.source_order_state t
        where t.source = p_source and t.complete and not t.too_large and not t.removed
            and (t.order_id is null or not t.up_to_date and t.customer_id = t.shop_customer_id and (t.status = t.shop_status
                or exists (select from shop.order_status_path w where w.from_status = t.shop_status and w.to_status = t.status)))
    )
    select array_agg(source_key order by ordered_at, length(source_key), source_key) filter (where order_id is null) as place,
        array_agg(content order by ordered_at, length(source_key), source_key) filter (where order_id is null) as place_contents,
        array_agg(source_key order by source_key) filter (where order_id is not null) as amend,
        array_agg(content order by source_key) filter (where order_id is not null) as amend_contents
    into v_due from due;
    -- By so many that a statement's memory stays in bounds.
    for v_from in select generate_series(1, greatest(cardinality(v_due.place), cardinality(v_due.amend)), 100000) loop
        v_orders := v_orders
            + shop.place_orders(v_source, v_due.place[v_from:v_from + 99999], v_due.place_contents[v_from:v_from + 99999])
            + shop.amend_orders(v_source, v_due.amend[v_from:v_from + 99999], v_due.amend_contents[v_from:v_from + 99999]);
    end loop;
    select count(*) into v_lines
    from unnest(v_due.place || v_due.amend, v_due.place_contents || v_due.amend_contents) as k (source_key, content)
    join shop.source_orders s on s.source_key = k.source_key and s.assembled = k.content
    join shop.source_order_details d on d.order_key = s.source_key
    where s.source = p_source and d.source = p_source;
    perform shop.retire_products(v_source);
    return jsonb_build_object('customers', v_customers, 'products', v_products, 'orders', v_orders, 'lines', v_lines,
        'findings_open', quality.settle_findings(p_source, p_run, null,
            array(select code from ops.rule where feed like 'source.%' and severity = 'warning' and code <> 'gone_from_source'),
            array(select f from shop.source_faults(p_source) f)));
end
$$;
