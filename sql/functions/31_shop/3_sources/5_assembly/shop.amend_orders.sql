create or replace function shop.amend_orders(p_source shop.source, p_keys text[], p_contents uuid[]) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set jit = off
set work_mem = '64MB'
set enable_nestloop = off  -- what has just been stored is estimated at one row
as $$
-- Brings orders of an order system that are in the shop to what has come of them since: lines, dates, payment, and the status by the
-- steps that the shop allows; gives how many. The stock of the products is afterwards what it was, as their source sends it.
-- When the shop refuses a change, the keys are halved until it stands alone, and that order stays as it was: order_changed.
declare
    v_orders bigint[] := array(
        select s.order_id from shop.source_orders s join unnest(p_keys) as k (source_key) using (source_key)
        where s.source = p_source.source order by s.order_id);
    v_products bigint[];
    v_stock integer[];
    v_middle integer := cardinality(p_keys) / 2;
    v_moved bigint;
begin
    if v_middle is null or cardinality(p_keys) = 0 then
        return 0;
    end if;
    begin
        select array_agg(p.product_id), array_agg(p.stock_quantity) into v_products, v_stock
        from shop.products p
        where p.product_id in (
            select i.product_id from shop.order_items i where i.order_id = any (v_orders)
            union
            select i.product_id from shop.source_order_item i
            join unnest(p_keys) as k (source_key) on k.source_key = i.order_key
            where i.source = p_source.source);
        with sold as materialized (
            select i.product_id, sum(i.quantity) as quantity, max(s.ordered_at) as last_at
            from unnest(p_keys) as k (source_key)
            join shop.source_orders s using (source_key)
            join shop.source_order_item i on i.source = s.source and i.order_key = s.source_key
            where s.source = p_source.source and i.source = p_source.source
            group by i.product_id
        ), retired as (
            update shop.product_retirement r set retired_at = n.last_at + interval '1 microsecond'
            from sold n
            where r.product_id = n.product_id and r.retired_at <= n.last_at
        )
        update shop.products p set stock_quantity = p.stock_quantity + n.quantity
        from sold n
        where p.product_id = n.product_id;

        update shop.orders o set total_amount = t.total_amount, order_date = t.ordered_at, payment_method = t.payment_method
        from (
            select s.order_id, s.ordered_at, s.payment_method, sum(i.total_price) as total_amount
            from unnest(p_keys) as k (source_key)
            join shop.source_orders s using (source_key)
            join shop.source_order_item i on i.source = s.source and i.order_key = s.source_key
            where s.source = p_source.source and i.source = p_source.source
            group by s.order_id, s.ordered_at, s.payment_method
        ) t
        where o.order_id = t.order_id
            and (o.total_amount, o.order_date, o.payment_method) is distinct from (t.total_amount, t.ordered_at, t.payment_method);

        delete from shop.order_items i
        where i.order_id = any (v_orders) and not exists (
            select from shop.source_orders s
            join shop.source_order_item w on w.source = s.source and w.order_key = s.source_key
            where s.order_id = i.order_id and w.product_id = i.product_id and s.source = p_source.source and w.source = p_source.source);
        insert into shop.order_items as i (order_id, product_id, quantity, unit_price, discount_amount, total_price)
        select s.order_id, w.product_id, w.quantity, w.unit_price, w.discount_amount, w.total_price
        from unnest(p_keys) as k (source_key)
        join shop.source_orders s using (source_key)
        join shop.source_order_item w on w.source = s.source and w.order_key = s.source_key
        where s.source = p_source.source and w.source = p_source.source
        order by s.order_id, w.product_id
        on conflict on constraint order_items_pkey do update
        set quantity = excluded.quantity, unit_price = excluded.unit_price, discount_amount = excluded.discount_amount,
            total_price = excluded.total_price
        where (i.quantity, i.unit_price, i.discount_amount, i.total_price)
            is distinct from (excluded.quantity, excluded.unit_price, excluded.discount_amount, excluded.total_price);

        loop
            update shop.orders o set status = p.next_status
            from shop.source_orders s, shop.order_status_path p
            where o.order_id = any (v_orders) and s.order_id = o.order_id and s.source = p_source.source
                and p.from_status = o.status and p.to_status = s.status;
            get diagnostics v_moved = row_count;
            exit when v_moved = 0;
        end loop;

        perform shop.note_order_times(p_source, v_orders);
        update shop.products p set stock_quantity = b.stock_quantity
        from unnest(v_products, v_stock) as b (product_id, stock_quantity)
        where p.product_id = b.product_id and p.stock_quantity <> b.stock_quantity;
        update shop.source_orders s set assembled = k.content
        from unnest(p_keys, p_contents) as k (source_key, content)
        where s.source = p_source.source and s.source_key = k.source_key;
        set constraints all immediate;
        set constraints all deferred;
        return cardinality(p_keys);
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
        if cardinality(p_keys) = 1 then
            raise warning using errcode = sqlstate, message = format('a change of order %s of source %s is refused: %s', p_keys[1], p_source.source, sqlerrm);
            return 0;
        end if;
    end;
    return shop.amend_orders(p_source, p_keys[:v_middle], p_contents[:v_middle])
        + shop.amend_orders(p_source, p_keys[v_middle + 1:], p_contents[v_middle + 1:]);
end
$$;
