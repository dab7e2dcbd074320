create or replace function shop.plan_for(p_rows bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- For functions of statement triggers: how the statements that follow are planned. For few rows once a session (generic),
-- since planning would cost more than they do; for many each time (custom), by the sizes that are there. A plan kept from
-- one size and used for the other was a nested loop over 100,000 x 100,000 rows, or a scan of all orders for each order.
-- The caller has `set plan_cache_mode = auto`, which takes this back at its end, and goes back to auto itself before it
-- inserts rows with foreign keys: their checks would be planned anew for each row.
begin
    perform set_config('plan_cache_mode', case when p_rows > 100 then 'force_custom_plan' else 'force_generic_plan' end, true);
end
$$;
