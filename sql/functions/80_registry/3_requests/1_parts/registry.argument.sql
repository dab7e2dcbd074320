create or replace function registry.argument(p_query text[], p_name text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- The first value that a query gives a name; null: it has none.
    --   p_query  names and values in turn
    select p_query[n.place + 1]
    from generate_subscripts(p_query, 1) as n (place)
    where n.place % 2 = 1 and p_query[n.place] = p_name
    order by n.place
    limit 1;
$$;
