create or replace function shop.order_items_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = auto as $$
-- Once a statement, over its transition tables: locks the orders, moves the stock, and books the orders for the check at
-- commit. The lock makes two transactions that each take a line off one order wait for each other; the later one's check
-- sees what the earlier one did.
-- Plans: see shop.plan_for(). Every statement over a transition table names v_all, since one without a parameter is planned
-- but once a session.
-- Errors: 23514 with constraint order_items_product_retired_check, product_reviews_buyer_check,
--         products_stock_quantity_check
declare
    v_all constant boolean := true;
    v_orders bigint[];
    v_products bigint[];
    v_quantities bigint[];
begin
    if tg_op = 'INSERT' then
        v_orders := array(select distinct n.order_id from new_rows n order by 1);
    elsif tg_op = 'DELETE' then
        v_orders := array(select distinct o.order_id from old_rows o order by 1);
    else
        v_orders := array(select n.order_id from new_rows n union select o.order_id from old_rows o order by 1);
    end if;
    if cardinality(v_orders) = 0 then
        return null;
    end if;
    perform shop.plan_for(cardinality(v_orders));

    if current_setting('transaction_isolation') = 'repeatable read' then
        -- A lock alone leaves the other transaction's snapshot as it was; a written row makes it fail with 40001.
        update shop.orders o set status = o.status where o.order_id = any (v_orders);
    else
        -- What this transaction has inserted itself, nobody else can have seen.
        perform from shop.orders o
        where o.order_id = any (v_orders) and o.xmin <> pg_current_xact_id()::xid
        order by o.order_id for no key update;
    end if;

    -- Counted, not asked by EXISTS, behind which a join of a transition table became a nested loop over both sides. And one
    -- IF in another: a transition table that an event has not is an error even behind a false condition.
    if tg_op <> 'DELETE' then
        if (select count(*) from new_rows n
            join shop.product_retirement r on r.product_id = n.product_id
            join shop.orders o on o.order_id = n.order_id and o.order_date >= r.retired_at
            where v_all) > 0
        then
            raise exception using errcode = 'check_violation', schema = 'shop', table = 'order_items',
                constraint = 'order_items_product_retired_check',
                message = 'a product that is no longer sold cannot be ordered',
                hint = 'see shop.product_retirement; shop.item has what is sold';
        end if;
    end if;
    if tg_op <> 'INSERT' then
        if (select count(*) from old_rows r
            join shop.orders o on o.order_id = r.order_id
            join shop.product_reviews v on v.product_id = r.product_id and v.customer_id = o.customer_id
            where v_all and not exists (
                select from shop.orders b
                join shop.order_items i on i.order_id = b.order_id and i.product_id = v.product_id
                where b.customer_id = v.customer_id and b.status in ('delivered', 'returned'))) > 0
        then
            raise exception using errcode = 'check_violation', schema = 'shop', table = 'product_reviews',
                constraint = 'product_reviews_buyer_check',
                message = 'a review would be left without a purchase',
                hint = 'delete the review first';
        end if;
    end if;

    if tg_op = 'INSERT' then
        select array_agg(d.product_id), array_agg(d.quantity) into v_products, v_quantities
        from (
            select n.product_id, sum(n.quantity) as quantity
            from new_rows n join shop.orders o on o.order_id = n.order_id and shop.takes_stock(o.status)
            where v_all
            group by n.product_id
        ) d;
    elsif tg_op = 'DELETE' then
        select array_agg(d.product_id), array_agg(d.quantity) into v_products, v_quantities
        from (
            select r.product_id, -sum(r.quantity) as quantity
            from old_rows r join shop.orders o on o.order_id = r.order_id and shop.takes_stock(o.status)
            where v_all
            group by r.product_id
        ) d;
    else
        select array_agg(d.product_id), array_agg(d.quantity) into v_products, v_quantities
        from (
            select c.product_id, sum(c.quantity) as quantity
            from (
                select n.order_id, n.product_id, n.quantity from new_rows n
                union all
                select r.order_id, r.product_id, -r.quantity from old_rows r
            ) c
            join shop.orders o on o.order_id = c.order_id and shop.takes_stock(o.status)
            where v_all
            group by c.product_id
            having sum(c.quantity) <> 0
        ) d;
    end if;
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
