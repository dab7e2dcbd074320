create or replace function shop.receive_stock(p_product_id bigint, p_quantity integer, p_note text default null) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Books goods that came in, or with a negative quantity goods that were lost; gives the stock afterwards.
-- Errors: EM110 the product is unknown, 23514 the stock would fall below zero
begin
    if not exists (select from shop.products where product_id = p_product_id) then
        raise exception using errcode = 'EM110', message = format('product %s is unknown', p_product_id),
            hint = 'shop.item has what is sold';
    end if;
    insert into shop.stock_movement (product_id, quantity, reason, note)
    values (p_product_id, p_quantity, case when p_quantity > 0 then 'receipt' else 'write_off' end::shop.stock_reason, p_note);
    return (select stock_quantity from shop.products where product_id = p_product_id);
end
$$;
