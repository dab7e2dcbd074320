create or replace function shop.plan_for(p_rows bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- For functions of statement triggers: how the statements that follow are planned. For few rows once a session (generic),
-- since planning would cost more than they do; for many each time (custom), by the sizes that are there.
-- The planner learns the size of a transition table but once a session, when a statement over it is first read, also where
-- plans are custom. So these functions gather what they need of it into arrays, without a join, and join those: the length
-- of an array that is a parameter is known whenever a custom plan is made.
-- The caller has `set plan_cache_mode = auto`, which takes this back at its end, and goes back to auto itself before it
-- inserts rows with foreign keys: their checks would be planned anew for each row.
begin
    perform set_config('plan_cache_mode', case when p_rows > 100 then 'force_custom_plan' else 'force_generic_plan' end, true);
end
$$;
