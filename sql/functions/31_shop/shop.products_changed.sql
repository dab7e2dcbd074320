create or replace function shop.products_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
-- Once a statement: keeps the history of prices, and books stock that was set by hand. Stock that moves by an order or a
-- stock movement comes from inside a trigger and is not booked twice.
begin
    if tg_op = 'INSERT' then
        insert into shop.price_history (product_id, price)
        select n.product_id, n.price from new_rows n;
        insert into shop.stock_movement (product_id, quantity, reason)
        select n.product_id, n.stock_quantity, 'opening' from new_rows n where n.stock_quantity <> 0;
        return null;
    end if;
    insert into shop.price_history (product_id, price)
    select n.product_id, n.price
    from new_rows n
    join old_rows o on o.product_id = n.product_id and o.price <> n.price;
    if pg_trigger_depth() = 1 then
        insert into shop.stock_movement (product_id, quantity, reason)
        select n.product_id, n.stock_quantity - o.stock_quantity, 'adjustment'
        from new_rows n
        join old_rows o on o.product_id = n.product_id and o.stock_quantity <> n.stock_quantity;
    end if;
    return null;
end
$$;

create or replace trigger t500_history_insert after insert on shop.products
referencing new table as new_rows for each statement execute function shop.products_changed();

create or replace trigger t500_history_update after update on shop.products
referencing old table as old_rows new table as new_rows for each statement execute function shop.products_changed();
