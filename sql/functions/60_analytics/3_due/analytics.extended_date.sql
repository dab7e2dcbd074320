create or replace function analytics.extended_date(p_day date) returns jsonb
language sql immutable parallel safe as $$
    -- A day as MongoDB's Extended JSON has dates: midnight by UTC.
    select case when p_day is null then 'null'::jsonb
        else pg_catalog.jsonb_build_object('$date', pg_catalog.to_char(p_day, 'YYYY-MM-DD"T00:00:00Z"')) end;
$$;
