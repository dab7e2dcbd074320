create or replace function shop.products_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = auto as $$
-- Once a statement: keeps the history of prices, and books stock that was set by hand. Stock that moves by an order or a
-- stock movement comes from inside a trigger and is not booked twice.
declare
    v_all constant boolean := true;  -- see shop.plan_for()
    v_changed record;
begin
    if tg_op = 'INSERT' then
        insert into shop.price_history (product_id, price)
        select n.product_id, n.price from new_rows n;
        insert into shop.stock_movement (product_id, quantity, reason)
        select n.product_id, n.stock_quantity, 'opening' from new_rows n where n.stock_quantity <> 0;
        return null;
    end if;
    perform shop.plan_for((select count(*) from new_rows));
    select array_agg(n.product_id) filter (where n.price <> o.price) as priced,
        array_agg(n.price) filter (where n.price <> o.price) as prices,
        array_agg(n.product_id) filter (where n.stock_quantity <> o.stock_quantity) as stocked,
        array_agg(n.stock_quantity - o.stock_quantity) filter (where n.stock_quantity <> o.stock_quantity) as quantities
    into v_changed
    from new_rows n
    join old_rows o on o.product_id = n.product_id
    where v_all;

    perform set_config('plan_cache_mode', 'auto', true);  -- for the foreign keys' checks
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
