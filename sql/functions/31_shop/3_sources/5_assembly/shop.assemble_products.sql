create or replace function shop.assemble_products(p_source shop.source) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Takes new and changed products of an order system into the shop; gives their number. Their stock is then units_in_stock, which
-- counts after all orders: what orders take meanwhile is booked to and fro. Prices go from the source's currency to the shop's by
-- the newest rate.
declare
    v_rate numeric := (select rate from shop.currency_rate where currency = p_source.currency order by valid_from desc limit 1);
    v_decimals integer := (select minor_units from shop.currency where currency = ops.setting_value('shop.currency'));
    v_new bigint;
    v_changed bigint;
begin
    with numbered as materialized (
        select source_key, nextval('shop.source_id_seq') as product_id
        from (
            select source_key from shop.source_products
            where source = p_source.source and product_id is null
            order by length(source_key), source_key
        ) k
    ), mapped as (
        update shop.source_products s set product_id = n.product_id, assembled = s.digest
        from numbered n
        where s.source = p_source.source and s.source_key = n.source_key
        returning s.*
    ), shown as (
        insert into shop.products (product_id, name, category, price, cost, supplier_id, stock_quantity)
        select product_id, name, category, shop.source_price(price, v_rate, v_decimals), shop.source_price(cost, v_rate, v_decimals),
            p_source.supplier_id, units_in_stock
        from mapped
        order by product_id
        returning 1
    )
    select count(*) into v_new from shown;

    with due as materialized (
        update shop.source_products s set assembled = s.digest
        where s.source = p_source.source and s.assembled is distinct from s.digest
        returning s.*
    ), shown as (
        update shop.products p
        set name = d.name, category = d.category, price = shop.source_price(d.price, v_rate, v_decimals),
            cost = shop.source_price(d.cost, v_rate, v_decimals), stock_quantity = d.units_in_stock
        from due d
        where p.product_id = d.product_id
        returning 1
    )
    select count(*) into v_changed from shown;
    return v_new + v_changed;
end
$$;
