create or replace function shop.place_orders(p_source shop.source, p_keys text[], p_contents uuid[]) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set jit = off
set work_mem = '64MB'
set enable_nestloop = off  -- what has just been stored is estimated at one row
as $$
-- Takes complete orders of an order system into the shop, with their items, numbered in the order of p_keys; gives how many.
-- p_contents is the content of each, see shop.source_order_state.
-- What they take off the stock is put there before: the stock that their source sends is what is left after all its orders. A
-- product that was retired before the last of them was so after it.
-- When a constraint refuses one, the keys are halved until it stands alone, and it is left out: shop.source_faults has it then.
declare
    v_orders bigint[];
    v_middle integer := cardinality(p_keys) / 2;
begin
    if v_middle is null or cardinality(p_keys) = 0 then
        return 0;
    end if;
    begin
        with numbered as materialized (
            select k.source_key, k.content, nextval('shop.source_id_seq') as order_id
            from unnest(p_keys, p_contents) as k (source_key, content)
        ), mapped as (
            update shop.source_orders s set order_id = n.order_id, assembled = n.content
            from numbered n
            where s.source = p_source.source and s.source_key = n.source_key
            returning s.order_id
        )
        select array_agg(order_id order by order_id) into v_orders from mapped;

        with sold as materialized (
            select i.product_id, sum(i.quantity) filter (where shop.takes_stock(s.status)) as quantity, max(s.ordered_at) as last_at
            from unnest(v_orders) as v (order_id)
            join shop.source_orders s using (order_id)
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
        where p.product_id = n.product_id and n.quantity > 0;

        with item as materialized (
            select s.order_id, i.product_id, i.quantity, i.unit_price, i.discount_amount, i.total_price
            from unnest(v_orders) as v (order_id)
            join shop.source_orders s using (order_id)
            join shop.source_order_item i on i.source = s.source and i.order_key = s.source_key
            where s.source = p_source.source and i.source = p_source.source
        ), placed as (
            insert into shop.orders (order_id, customer_id, order_date, total_amount, status, payment_method, currency)
            select s.order_id, c.customer_id, s.ordered_at, t.total_amount, s.status, s.payment_method, p_source.currency
            from (select order_id, sum(total_price) as total_amount from item group by order_id) t
            join shop.source_orders s on s.order_id = t.order_id
            join shop.source_customers c on c.source = s.source and c.source_key = s.customer_key
            where s.source = p_source.source
            order by s.order_id
        )
        insert into shop.order_items (order_id, product_id, quantity, unit_price, discount_amount, total_price)
        select order_id, product_id, quantity, unit_price, discount_amount, total_price
        from item
        order by order_id, product_id;

        perform shop.note_order_times(p_source, v_orders);
        set constraints all immediate;
        set constraints all deferred;
        return cardinality(v_orders);
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
        if cardinality(p_keys) = 1 then
            raise warning using errcode = sqlstate, message = format('order %s of source %s is refused: %s', p_keys[1], p_source.source, sqlerrm);
            return 0;
        end if;
    end;
    return shop.place_orders(p_source, p_keys[:v_middle], p_contents[:v_middle])
        + shop.place_orders(p_source, p_keys[v_middle + 1:], p_contents[v_middle + 1:]);
end
$$;
