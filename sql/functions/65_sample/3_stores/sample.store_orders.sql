create or replace function sample.store_items(p_seed bigint) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
-- Stores the lines of the drafted orders; gives how many. Amounts are counted in the smallest units of the currency, so that
-- they are exact: total = quantity x price - discount.
-- Reads:  sample.purchase, sample.product
-- Writes: shop.order_items
declare
    v_lines bigint;
begin
    insert into shop.order_items (order_id, product_id, quantity, unit_price, discount_amount, total_price)
    select s.order_id, s.product_id, s.quantity, s.price * s.unit, s.discount * s.unit, (s.quantity * s.price - s.discount) * s.unit
    from (
        select l.*, case when l.off > 0 then l.quantity * l.price * l.off / 100 else 0 end as discount
        from (
            select o.order_id, c.product_id, o.unit, round(p.cents[o.month_no] * o.cents_factor)::bigint as price,
                case
                    when h.hash & 1023 < case when p.consumable then 560 else 850 end then 1
                    when h.hash & 1023 < 960 then 2
                    else 3 + ((h.hash >> 10) & 3)
                end::integer as quantity,
                case o.busy
                    when 2 then (array[0, 0, 0, 0, 10, 15, 20, 20, 25, 30, 30, 40])[1 + ((h.hash >> 12) & 1023) * 12 / 1024]
                    when 1 then (array[0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 15, 20])[1 + ((h.hash >> 12) & 1023) * 12 / 1024]
                    else (array[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 10])[1 + ((h.hash >> 12) & 1023) * 12 / 1024]
                end as off
            from sample.purchase o
            cross join lateral unnest(o.products) with ordinality as c (product_id, line)
            join sample.product p on p.product_id = c.product_id
            cross join lateral (select sample.hash(p_seed, o.order_id * 8 + c.line, 61) as hash offset 0) h
            where array_position(o.products, c.product_id) = c.line
            offset 0
        ) l
        offset 0
    ) s;
    get diagnostics v_lines = row_count;
    return v_lines;
end
$$;

create or replace function sample.store_orders() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
-- Stores the drafted orders, their totals from their stored lines, and when they came to each status.
-- Reads:  sample.purchase, shop.order_items
-- Writes: shop.orders, shop.order_status_history
begin
    insert into shop.orders (order_id, customer_id, order_date, total_amount, status, shipping_address, payment_method, currency)
    select o.order_id, o.customer_id, o.ordered_at, t.total, o.status, o.address, o.payment_method, o.currency
    from sample.purchase o
    join (select order_id, sum(total_price) as total from shop.order_items group by order_id) t on t.order_id = o.order_id;

    insert into shop.order_status_history (order_id, status, changed_at, changed_by)
    select o.order_id, s.status, s.changed_at, 'sample'
    from sample.purchase o
    cross join lateral (values
        ('pending'::shop.order_status, o.ordered_at), ('paid', o.paid_at), ('shipped', o.shipped_at), ('delivered', o.delivered_at),
        ('returned', o.returned_at), ('cancelled', o.cancelled_at)
    ) s (status, changed_at)
    where s.changed_at is not null;
end
$$;
