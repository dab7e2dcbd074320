create or replace function registry.flag(p_query text[], p_name text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- Whether a query says true. Whatever else it says is false.
    select coalesce(lower(registry.argument(p_query, p_name)) = 'true', false);
$$;
