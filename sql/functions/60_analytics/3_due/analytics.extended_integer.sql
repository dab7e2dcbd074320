create or replace function analytics.extended_integer(p_value bigint) returns jsonb
language sql immutable parallel safe as $$
    -- A number as MongoDB's Extended JSON has 64-bit integers.
    select pg_catalog.jsonb_build_object('$numberLong', p_value::text);
$$;
