create or replace function shop.orders_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = auto as $$
-- Once a statement, over its transition tables: status follows shop.order_status_transition and is kept as history, stock
-- comes back from orders that are cancelled or returned, and the orders are booked for the check at commit.
-- An order may be inserted in any status: that is how history comes in.
-- Plans: see shop.plan_for().
-- Errors: 23514 with constraint orders_status_check, orders_customer_id_check, products_stock_quantity_check
declare
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

    -- Grouped, not joined: a join of two transition tables may be planned as a nested loop, whatever there is in them.
    select bool_or(c.news <> c.olds or c.other_customer) as keys,
        array_agg(c.order_id) filter (where c.from_status <> c.to_status) as moved,
        array_agg(c.from_status) filter (where c.from_status <> c.to_status) as moved_from,
        array_agg(c.to_status) filter (where c.from_status <> c.to_status) as moved_to,
        array_agg(c.order_id) filter (where c.from_status <> c.to_status or c.other_amount) as due
    into v_changed
    from (
        select r.order_id, count(*) filter (where r.is_new) as news, count(*) filter (where not r.is_new) as olds,
            min(r.customer_id) <> max(r.customer_id) as other_customer,
            min(r.total_amount) <> max(r.total_amount) or min(r.currency) <> max(r.currency) as other_amount,
            min(r.status) filter (where not r.is_new) as from_status, min(r.status) filter (where r.is_new) as to_status
        from (
            select n.order_id, n.customer_id, n.total_amount, n.currency, n.status, true as is_new from new_rows n
            union all
            select o.order_id, o.customer_id, o.total_amount, o.currency, o.status, false from old_rows o
        ) r
        group by r.order_id
    ) c;
    perform shop.plan_for(cardinality(v_changed.due));

    if v_changed.keys then
        raise exception using errcode = 'check_violation', schema = 'shop', table = 'orders', constraint = 'orders_customer_id_check',
            message = 'an order keeps its number and its customer',
            hint = 'cancel the order and place another';
    end if;

    if v_changed.moved is not null then
        select c.* into v_fault
        from (
            select m.from_status, m.to_status, min(m.order_id) as order_id
            from unnest(v_changed.moved, v_changed.moved_from, v_changed.moved_to) as m (order_id, from_status, to_status)
            group by m.from_status, m.to_status
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
            select i.product_id, sum(case when shop.takes_stock(m.to_status) then i.quantity else -i.quantity end) as quantity
            from unnest(v_changed.moved, v_changed.moved_from, v_changed.moved_to) as m (order_id, from_status, to_status)
            join shop.order_items i on i.order_id = m.order_id
            where shop.takes_stock(m.from_status) <> shop.takes_stock(m.to_status)
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
