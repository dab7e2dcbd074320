create or replace function shop.products_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
-- Once a statement: keeps the history of prices, and books stock that was set by hand. Stock that moves by an order or a
-- stock movement comes from inside a trigger and is not booked twice.
declare
    v_changed record;
begin
    if tg_op = 'INSERT' then
        insert into shop.price_history (product_id, price)
        select n.product_id, n.price from new_rows n;
        insert into shop.stock_movement (product_id, quantity, reason)
        select n.product_id, n.stock_quantity, 'opening' from new_rows n where n.stock_quantity <> 0;
        return null;
    end if;
    -- Grouped, not joined: see shop.orders_changed().
    select array_agg(c.product_id) filter (where c.new_price <> c.old_price) as priced,
        array_agg(c.new_price) filter (where c.new_price <> c.old_price) as prices,
        array_agg(c.product_id) filter (where c.quantity <> 0) as stocked,
        array_agg(c.quantity) filter (where c.quantity <> 0) as quantities
    into v_changed
    from (
        select r.product_id, min(r.price) filter (where r.is_new) as new_price, min(r.price) filter (where not r.is_new) as old_price,
            sum(case when r.is_new then r.stock_quantity else -r.stock_quantity end) as quantity
        from (
            select n.product_id, n.price, n.stock_quantity, true as is_new from new_rows n
            union all
            select o.product_id, o.price, o.stock_quantity, false from old_rows o
        ) r
        group by r.product_id
    ) c;
    insert into shop.price_history (product_id, price)
    select * from unnest(v_changed.priced, v_changed.prices);
    if pg_trigger_depth() = 1 then
        insert into shop.stock_movement (product_id, quantity, reason)
        select t.product_id, t.quantity, 'adjustment' from unnest(v_changed.stocked, v_changed.quantities) as t (product_id, quantity);
    end if;
    return null;
end
$$;

create or replace trigger t500_history_insert after insert on shop.products
referencing new table as new_rows for each statement execute function shop.products_changed();

create or replace trigger t500_history_update after update on shop.products
referencing old table as old_rows new table as new_rows for each statement execute function shop.products_changed();
