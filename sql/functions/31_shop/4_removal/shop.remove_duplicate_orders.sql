create or replace function shop.remove_duplicate_orders(
    scope text default 'latest date of each customer', same text default 'day', dry_run boolean default true
) returns table (
    order_id bigint, kept_order_id bigint, customer_id bigint, day date, total_amount numeric, currency text, lines bigint, action text, removal_id bigint
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Lists the duplicates among orders (see shop.duplicate_orders()), or removes them with their lines: stock comes back by the
-- triggers, no constraint is off, and shop.restore_orders(removal_id) puts all of it back. Orders that something rests on
-- (see shop.orders_needed()) are listed as kept, with the reason.
-- Returns: a row for each duplicate; action is 'would be removed', 'removed' or 'kept: ' and why
-- Errors: EM600 scope or same is none that is known, EM605 a table refers to orders and cannot be read
#variable_conflict use_column
declare
    v_orders bigint[];
    v_kept bigint[];
    v_needed bigint[];
    v_reasons text[];
    v_removed bigint[];
    v_removal bigint;
begin
    if scope is null or scope not in ('latest date of each customer', 'all') then
        raise exception using errcode = 'EM600', message = format('scope %L is unknown', scope),
            hint = 'scope => ''latest date of each customer'' or ''all''';
    elsif same is null or same not in ('day', 'content') then
        raise exception using errcode = 'EM600', message = format('same %L is unknown', same), hint = 'same => ''day'' or ''content''';
    end if;
    dry_run := coalesce(dry_run, true);

    select array_agg(d.order_id), array_agg(d.kept_order_id) into v_orders, v_kept from shop.duplicate_orders(scope, same) d;
    if not dry_run then
        -- The duplicate and the order that stays are both held until commit: neither changes or goes meanwhile. Who has waited
        -- here for another call looks again, and only at orders that are held.
        perform from shop.orders o where o.order_id = any (v_orders || v_kept) order by o.order_id for update;
        select array_agg(d.order_id), array_agg(d.kept_order_id) into v_orders, v_kept
        from shop.duplicate_orders(scope, same) d
        where d.order_id = any (v_orders || v_kept) and d.kept_order_id = any (v_orders || v_kept);
    end if;

    select array_agg(n.order_id), array_agg(n.reason) into v_needed, v_reasons
    from (
        select n.order_id, string_agg(n.reason, '; ' order by n.reason) as reason
        from shop.orders_needed(v_orders) n
        group by n.order_id
    ) n;
    v_removed := array(select d from unnest(v_orders) d except select n from unnest(v_needed) n);

    if not dry_run and v_removed <> '{}' then
        insert into shop.order_removal (scope, same, orders, lines, pieces, amounts)
        select scope, same, cardinality(v_removed), i.lines, i.pieces, o.amounts
        from (
            select count(*) as lines, coalesce(sum(i.quantity) filter (where shop.takes_stock(o.status)), 0) as pieces
            from shop.order_items i
            join shop.orders o on o.order_id = i.order_id
            where i.order_id = any (v_removed)
        ) i
        cross join (
            select jsonb_object_agg(c.currency, c.amount) as amounts
            from (
                select o.currency, sum(o.total_amount) as amount from shop.orders o where o.order_id = any (v_removed) group by o.currency
            ) c
        ) o
        returning order_removal.removal_id into v_removal;
    end if;

    -- The list is made while the orders are there.
    return query
    select d.order_id, d.kept_order_id, o.customer_id, (o.order_date at time zone 'UTC')::date, o.total_amount::numeric, o.currency,
        (select count(*) from shop.order_items i where i.order_id = d.order_id),
        case when n.reason is not null then 'kept: ' || n.reason when dry_run then 'would be removed' else 'removed' end,
        case when n.reason is null then v_removal end
    from unnest(v_orders, v_kept) d (order_id, kept_order_id)
    join shop.orders o on o.order_id = d.order_id
    left join unnest(v_needed, v_reasons) n (order_id, reason) on n.order_id = d.order_id
    order by d.order_id;
    if v_removal is null then
        return;
    end if;

    insert into shop.order_removal_order (removal_id, order_id, kept_order_id, customer_id, order_date, total_amount, status,
        shipping_address, payment_method, currency, without_time)
    select v_removal, o.order_id, d.kept_order_id, o.customer_id, o.order_date, o.total_amount, o.status,
        o.shipping_address, o.payment_method, o.currency, exists (select from shop.order_without_time t where t.order_id = o.order_id)
    from unnest(v_orders, v_kept) d (order_id, kept_order_id)
    join shop.orders o on o.order_id = d.order_id
    where o.order_id = any (v_removed);
    insert into shop.order_removal_line (removal_id, order_id, product_id, quantity, unit_price, discount_amount, total_price)
    select v_removal, i.order_id, i.product_id, i.quantity, i.unit_price, i.discount_amount, i.total_price
    from shop.order_items i
    where i.order_id = any (v_removed);
    insert into shop.order_removal_status (removal_id, order_id, status, changed_at, changed_by)
    select v_removal, h.order_id, h.status, h.changed_at, h.changed_by
    from shop.order_status_history h
    where h.order_id = any (v_removed);

    -- Lines first: nothing cascades from an order to them. Their trigger gives the stock back.
    delete from shop.order_items i where i.order_id = any (v_removed);
    delete from shop.orders o where o.order_id = any (v_removed);
end
$$;
