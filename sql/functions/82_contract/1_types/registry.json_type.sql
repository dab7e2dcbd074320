create or replace function registry.json_type(p_type jsonb) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
    -- What an Avro value is in JSON, as loaders write it: jsonb_typeof() of it; union where several are possible.
    select case when registry.avro_word(p_type) = 'decimal' then 'number' else
        case coalesce(p_type ->> 'type', p_type #>> '{}')
            when 'boolean' then 'boolean'
            when 'int' then 'number' when 'long' then 'number' when 'float' then 'number' when 'double' then 'number'
            when 'string' then 'string' when 'enum' then 'string' when 'bytes' then 'string' when 'fixed' then 'string'
            when 'record' then 'object' when 'error' then 'object' when 'map' then 'object'
            when 'array' then 'array'
            else 'union'
        end
    end;
$$;
