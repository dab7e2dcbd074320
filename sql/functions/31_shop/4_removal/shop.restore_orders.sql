create or replace function shop.restore_orders(removal_id bigint) returns table (
    order_id bigint, kept_order_id bigint, customer_id bigint, day date, total_amount numeric, currency text, lines bigint
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Puts back what one call of shop.remove_duplicate_orders() has removed, as it was: orders under their numbers, lines, the
-- history of their status, and the stock that they hold. All of it or nothing.
-- Errors: EM601 the removal is unknown, EM602 it is restored already, EM603 the stock is no longer there,
--         EM604 an order of that number is there
#variable_conflict use_column
declare
    v_removal shop.order_removal;
    v_fault record;
begin
    select * into v_removal from shop.order_removal r where r.removal_id = restore_orders.removal_id for update;
    if not found then
        raise exception using errcode = 'EM601', message = format('removal %s is unknown', restore_orders.removal_id),
            hint = 'shop.order_removal has those there are';
    elsif v_removal.restored_at is not null then
        raise exception using errcode = 'EM602',
            message = format('removal %s was restored at %s by %s', v_removal.removal_id, v_removal.restored_at, v_removal.restored_by);
    end if;
    select min(o.order_id) as order_id, count(*) as orders into v_fault
    from shop.order_removal_order r
    join shop.orders o on o.order_id = r.order_id
    where r.removal_id = v_removal.removal_id;
    if v_fault.orders > 0 then
        raise exception using errcode = 'EM604', message = format('an order %s is there', v_fault.order_id),
            detail = format('%s number(s) of removal %s are taken', v_fault.orders, v_removal.removal_id);
    end if;

    -- Locked in the order of their ids, as shop.take_stock() does: what is there now stays until the lines take it.
    select string_agg(format('product %s: %s needed, %s there', p.product_id, n.pieces, p.stock_quantity), '; ' order by p.product_id) as detail
    into v_fault
    from (
        select l.product_id, sum(l.quantity) as pieces
        from shop.order_removal_line l
        join shop.order_removal_order r on r.removal_id = l.removal_id and r.order_id = l.order_id and shop.takes_stock(r.status)
        where l.removal_id = v_removal.removal_id
        group by l.product_id
    ) n
    join (
        select p.product_id, p.stock_quantity
        from shop.products p
        where p.product_id in (select l.product_id from shop.order_removal_line l where l.removal_id = v_removal.removal_id)
        order by p.product_id for no key update
    ) p on p.product_id = n.product_id
    where p.stock_quantity < n.pieces;
    if v_fault.detail is not null then
        raise exception using errcode = 'EM603', message = format('the stock for removal %s is no longer there', v_removal.removal_id),
            detail = v_fault.detail, hint = 'book a receipt by shop.receive_stock() and call again';
    end if;

    insert into shop.orders (order_id, customer_id, order_date, total_amount, status, shipping_address, payment_method, currency)
    select r.order_id, r.customer_id, r.order_date, r.total_amount, r.status, r.shipping_address, r.payment_method, r.currency
    from shop.order_removal_order r
    where r.removal_id = v_removal.removal_id;
    -- The trigger has begun a history of now; theirs is another.
    delete from shop.order_status_history h
    using shop.order_removal_order r
    where r.removal_id = v_removal.removal_id and h.order_id = r.order_id;
    insert into shop.order_status_history (order_id, status, changed_at, changed_by)
    select s.order_id, s.status, s.changed_at, s.changed_by
    from shop.order_removal_status s
    where s.removal_id = v_removal.removal_id;
    insert into shop.order_items (order_id, product_id, quantity, unit_price, discount_amount, total_price)
    select l.order_id, l.product_id, l.quantity, l.unit_price, l.discount_amount, l.total_price
    from shop.order_removal_line l
    where l.removal_id = v_removal.removal_id;
    insert into shop.order_without_time (order_id)
    select r.order_id from shop.order_removal_order r where r.removal_id = v_removal.removal_id and r.without_time;

    return query
    select r.order_id, r.kept_order_id, r.customer_id, (r.order_date at time zone 'UTC')::date, r.total_amount::numeric, r.currency,
        (select count(*) from shop.order_removal_line l where l.removal_id = r.removal_id and l.order_id = r.order_id)
    from shop.order_removal_order r
    where r.removal_id = v_removal.removal_id
    order by r.order_id;
    delete from shop.order_removal_order r where r.removal_id = v_removal.removal_id;  -- with lines and history
    update shop.order_removal r set restored_at = clock_timestamp(), restored_by = session_user where r.removal_id = v_removal.removal_id;
end
$$;
