create or replace function shop.retire_products(p_source shop.source) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- What an order system no longer sells is retired in its name, and no longer where it is sold again. What the shop itself has
-- retired stays so.
declare
    v_name name := 'source_' || p_source.source;
begin
    delete from shop.product_retirement r
    using shop.source_products s
    where s.source = p_source.source and s.product_id = r.product_id and not s.discontinued and r.retired_by = v_name;
    insert into shop.product_retirement (product_id, retired_by)
    select p.product_id, v_name
    from shop.source_products s
    join shop.products p using (product_id)
    where s.source = p_source.source and s.discontinued
    on conflict on constraint product_retirement_pkey do nothing;
end
$$;
