create or replace function shop.stock_movement_booked() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
-- Once a statement: receipts and write-offs move the stock.
-- Errors: 23514 with constraint products_stock_quantity_check
declare
    v_products bigint[];
    v_quantities bigint[];
begin
    select array_agg(d.product_id), array_agg(-d.quantity) into v_products, v_quantities
    from (
        select n.product_id, sum(n.quantity) as quantity
        from new_rows n
        where n.reason in ('receipt', 'write_off')
        group by n.product_id
    ) d;
    if v_products is not null then
        perform shop.take_stock(v_products, v_quantities);
    end if;
    return null;
end
$$;

create or replace trigger t500_stock_insert after insert on shop.stock_movement
referencing new table as new_rows for each statement execute function shop.stock_movement_booked();
