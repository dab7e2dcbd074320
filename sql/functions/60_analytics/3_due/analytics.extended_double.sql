create or replace function analytics.extended_double(p_value double precision, p_digits integer) returns jsonb
language sql immutable parallel safe as $$
    -- A number as MongoDB's Extended JSON has doubles, whole ones, too, so that a field is of one type; rounded. Null where there is none.
    select case when p_value is null or p_value in ('NaN', 'Infinity', '-Infinity') then 'null'::jsonb
        else pg_catalog.jsonb_build_object('$numberDouble', pg_catalog.round(p_value::numeric, p_digits)::text) end;
$$;
