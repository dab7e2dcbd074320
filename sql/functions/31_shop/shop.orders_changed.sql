create or replace function shop.orders_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = auto as $$
-- Once a statement, over its transition tables: status follows shop.order_status_transition and is kept as history, stock
-- comes back from orders that are cancelled or returned, and the orders are booked for the check at commit.
-- An order may be inserted in any status: that is how history comes in.
-- Plans: see shop.plan_for(). Every join of transition tables names v_all, since a statement without a parameter is planned
-- but once a session.
-- Errors: 23514 with constraint orders_status_check, orders_customer_id_check, products_stock_quantity_check
declare
    v_all constant boolean := true;
    v_changed record;
    v_fault record;
    v_products bigint[];
    v_quantities bigint[];
begin
    if tg_op = 'INSERT' then
        insert into shop.order_status_history (order_id, status, changed_at)
        select n.order_id, n.status, case when n.status = 'pending' then n.order_date else clock_timestamp() end
        from new_rows n;
        insert into shop.order_due (order_ids)
        select array_agg(n.order_id) from new_rows n having count(*) > 0;
        return null;
    end if;

    perform shop.plan_for((select count(*) from new_rows));
    -- Joins of transition tables are aggregated to their end: behind an EXISTS or a LIMIT they became nested loops over both.
    select bool_or(o.order_id is null) as keys,
        array_agg(n.order_id) filter (where n.status <> o.status) as moved,
        array_agg(n.status) filter (where n.status <> o.status) as moved_to,
        array_agg(n.order_id) filter (where
            n.total_amount <> o.total_amount or n.currency <> o.currency or n.status <> o.status) as due
    into v_changed
    from new_rows n
    left join old_rows o on o.order_id = n.order_id and o.customer_id = n.customer_id
    where v_all;

    if v_changed.keys then
        raise exception using errcode = 'check_violation', schema = 'shop', table = 'orders', constraint = 'orders_customer_id_check',
            message = 'an order keeps its number and its customer',
            hint = 'cancel the order and place another';
    end if;

    if v_changed.moved is not null then
        select c.* into v_fault
        from (
            select o.status as from_status, n.status as to_status, min(n.order_id) as order_id
            from new_rows n
            join old_rows o on o.order_id = n.order_id and o.status <> n.status
            where v_all
            group by o.status, n.status
        ) c
        where not exists (
            select from shop.order_status_transition t where t.from_status = c.from_status and t.to_status = c.to_status)
        limit 1;
        if found then
            raise exception using errcode = 'check_violation', schema = 'shop', table = 'orders', column = 'status',
                constraint = 'orders_status_check',
                message = format('order %s cannot go from %s to %s', v_fault.order_id, v_fault.from_status, v_fault.to_status),
                hint = 'shop.order_status_transition says what may follow';
        end if;

        select array_agg(d.product_id), array_agg(d.quantity) into v_products, v_quantities
        from (
            select i.product_id, sum(case when shop.takes_stock(n.status) then i.quantity else -i.quantity end) as quantity
            from new_rows n
            join old_rows o on o.order_id = n.order_id and shop.takes_stock(o.status) <> shop.takes_stock(n.status)
            join shop.order_items i on i.order_id = n.order_id
            where v_all
            group by i.product_id
        ) d;
        if v_products is not null then
            perform shop.take_stock(v_products, v_quantities);
        end if;

        perform set_config('plan_cache_mode', 'auto', true);  -- for the foreign key's checks
        insert into shop.order_status_history (order_id, status)
        select * from unnest(v_changed.moved, v_changed.moved_to);
    end if;

    if v_changed.due is not null then
        insert into shop.order_due (order_ids) values (v_changed.due);
    end if;
    return null;
end
$$;

create or replace trigger t500_status_insert after insert on shop.orders
referencing new table as new_rows for each statement execute function shop.orders_changed();

create or replace trigger t500_status_update after update on shop.orders
referencing old table as old_rows new table as new_rows for each statement execute function shop.orders_changed();
