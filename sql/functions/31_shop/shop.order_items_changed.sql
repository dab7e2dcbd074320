create or replace function shop.order_items_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = auto as $$
-- Once a statement, over its transition tables: locks the orders, moves the stock, and books the orders for the check at
-- commit. The lock makes two transactions that each take a line off one order wait for each other; the later one's check
-- sees what the earlier one did. Plans: see shop.plan_for().
-- Errors: 23514 with constraint order_items_product_retired_check, product_reviews_buyer_check,
--         products_stock_quantity_check
declare
    -- Lines that are new with their quantity, lines that were there with minus theirs.
    v_line record;
    v_orders bigint[];
    v_products bigint[];
    v_quantities bigint[];
begin
    if tg_op = 'INSERT' then
        select array_agg(n.order_id) as orders, array_agg(n.product_id) as products, array_agg(n.quantity) as quantities
        into v_line from new_rows n;
    elsif tg_op = 'DELETE' then
        select array_agg(r.order_id) as orders, array_agg(r.product_id) as products, array_agg(-r.quantity) as quantities
        into v_line from old_rows r;
    else
        select array_agg(c.order_id) as orders, array_agg(c.product_id) as products, array_agg(c.quantity) as quantities
        into v_line
        from (
            select n.order_id, n.product_id, n.quantity from new_rows n
            union all
            select r.order_id, r.product_id, -r.quantity from old_rows r
        ) c;
    end if;
    if v_line.orders is null then
        return null;
    end if;
    perform shop.plan_for(cardinality(v_line.orders));
    v_orders := array(select distinct l.order_id from unnest(v_line.orders) as l (order_id) order by 1);

    if current_setting('transaction_isolation') = 'repeatable read' then
        -- A lock alone leaves the other transaction's snapshot as it was; a written row makes it fail with 40001.
        update shop.orders o set status = o.status where o.order_id = any (v_orders);
    else
        -- What this transaction has inserted itself, nobody else can have seen.
        perform from shop.orders o
        where o.order_id = any (v_orders) and o.xmin <> pg_current_xact_id()::xid
        order by o.order_id for no key update;
    end if;

    if tg_op <> 'DELETE' and exists (
        select from unnest(v_line.orders, v_line.products, v_line.quantities) as l (order_id, product_id, quantity)
        join shop.product_retirement r on r.product_id = l.product_id
        join shop.orders o on o.order_id = l.order_id and o.order_date >= r.retired_at
        where l.quantity > 0)
    then
        raise exception using errcode = 'check_violation', schema = 'shop', table = 'order_items',
            constraint = 'order_items_product_retired_check',
            message = 'a product that is no longer sold cannot be ordered',
            hint = 'see shop.product_retirement; shop.item has what is sold';
    end if;
    if tg_op <> 'INSERT' and exists (
        select from unnest(v_line.orders, v_line.products, v_line.quantities) as l (order_id, product_id, quantity)
        join shop.orders o on o.order_id = l.order_id
        join shop.product_reviews v on v.product_id = l.product_id and v.customer_id = o.customer_id
        where l.quantity < 0 and not exists (
            select from shop.orders b
            join shop.order_items i on i.order_id = b.order_id and i.product_id = v.product_id
            where b.customer_id = v.customer_id and b.status in ('delivered', 'returned')))
    then
        raise exception using errcode = 'check_violation', schema = 'shop', table = 'product_reviews',
            constraint = 'product_reviews_buyer_check',
            message = 'a review would be left without a purchase',
            hint = 'delete the review first';
    end if;

    select array_agg(d.product_id), array_agg(d.quantity) into v_products, v_quantities
    from (
        select l.product_id, sum(l.quantity) as quantity
        from unnest(v_line.orders, v_line.products, v_line.quantities) as l (order_id, product_id, quantity)
        join shop.orders o on o.order_id = l.order_id and shop.takes_stock(o.status)
        group by l.product_id
        having sum(l.quantity) <> 0
    ) d;
    if v_products is not null then
        perform shop.take_stock(v_products, v_quantities);
    end if;

    insert into shop.order_due (order_ids) values (v_orders);
    return null;
end
$$;

create or replace trigger t500_stock_insert after insert on shop.order_items
referencing new table as new_rows for each statement execute function shop.order_items_changed();

create or replace trigger t500_stock_update after update on shop.order_items
referencing old table as old_rows new table as new_rows for each statement execute function shop.order_items_changed();

create or replace trigger t500_stock_delete after delete on shop.order_items
referencing old table as old_rows for each statement execute function shop.order_items_changed();
