create or replace function shop.take_stock(p_products bigint[], p_quantities bigint[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = auto as $$
-- Takes so many pieces of each product off its stock, or gives them back where a quantity is negative. Products are locked
-- in the order of their ids, so that two orders of the same products wait for each other and do not deadlock.
-- Errors: 23514 with constraint products_stock_quantity_check
declare
    v_short record;
begin
    perform shop.plan_for(cardinality(p_products));
    select min(t.product_id) as product_id, count(*) as products into v_short
    from (
        select p.product_id, p.stock_quantity from shop.products p
        where p.product_id = any (p_products)
        order by p.product_id for no key update
    ) p
    join unnest(p_products, p_quantities) as t (product_id, quantity) on t.product_id = p.product_id
    where p.stock_quantity < t.quantity;
    if v_short.products > 0 then
        raise exception using errcode = 'check_violation', schema = 'shop', table = 'products', column = 'stock_quantity',
            constraint = 'products_stock_quantity_check',
            message = format('not enough stock of product %s', v_short.product_id),
            detail = format('%s product(s) would fall below zero', v_short.products),
            hint = 'book a receipt by shop.receive_stock(), or order less';
    end if;
    update shop.products p set stock_quantity = p.stock_quantity - t.quantity
    from unnest(p_products, p_quantities) as t (product_id, quantity)
    where p.product_id = t.product_id and t.quantity <> 0;
end
$$;
