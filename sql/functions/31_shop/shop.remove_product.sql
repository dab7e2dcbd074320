create or replace function shop.remove_product(p_product_id bigint) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Removes a product from what is sold: 'deleted', or 'retired' where it has a history (orders, also removed ones that may
-- come back, reviews, goods received).
-- Errors: EM110 the product is unknown
begin
    -- Conflicts with the key lock of whoever is ordering it right now, so that the history is seen.
    perform from shop.products where product_id = p_product_id for update;
    if not found then
        raise exception using errcode = 'EM110', message = format('product %s is unknown', p_product_id),
            hint = 'shop.item has what is sold';
    end if;
    if exists (select from shop.order_items where product_id = p_product_id)
        or exists (select from shop.order_removal_line where product_id = p_product_id)
        or exists (select from shop.product_reviews where product_id = p_product_id)
        or exists (select from shop.stock_movement where product_id = p_product_id and reason <> 'opening')
    then
        insert into shop.product_retirement (product_id) values (p_product_id) on conflict do nothing;
        return 'retired';
    end if;
    delete from shop.products where product_id = p_product_id;
    return 'deleted';
end
$$;
