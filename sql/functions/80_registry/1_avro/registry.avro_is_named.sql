create or replace function registry.avro_is_named(p_definition jsonb, p_name text) returns boolean
language sql immutable parallel safe as $$
    -- Whether a reader's definition is of what a writer calls p_name: their unqualified names are equal, or it is an alias.
    select regexp_replace(p_definition ->> 'name', '^.*\.', '') = regexp_replace(p_name, '^.*\.', '')
        or coalesce(p_definition -> 'aliases' ? p_name, false)
$$;
