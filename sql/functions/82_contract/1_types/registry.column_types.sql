create or replace function registry.column_types(p_type jsonb) returns text[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- PostgreSQL's types that hold every value of an Avro type, its own first; none for what no single type holds: a union of
-- several, nanoseconds. Lengths and precisions are not looked at.
begin
    return case registry.avro_word(p_type)
        when 'boolean' then array['boolean']
        when 'int' then array['integer', 'bigint']
        when 'long' then array['bigint']
        when 'float' then array['real', 'double precision']
        when 'double' then array['double precision']
        when 'string' then array['text', 'character varying']
        when 'enum' then array['text', 'character varying']
        when 'bytes' then array['bytea']
        when 'fixed' then array['bytea']
        when 'decimal' then array['numeric']
        when 'uuid' then array['uuid']
        when 'date' then array['date']
        when 'time-millis' then array['time without time zone']
        when 'time-micros' then array['time without time zone']
        when 'timestamp-millis' then array['timestamp with time zone']
        when 'timestamp-micros' then array['timestamp with time zone']
        when 'local-timestamp-millis' then array['timestamp without time zone']
        when 'local-timestamp-micros' then array['timestamp without time zone']
        when 'duration' then array['interval']
        when 'record' then array['jsonb']
        when 'error' then array['jsonb']
        when 'map' then array['jsonb']
        when 'array' then array['jsonb'] || array(select t || '[]' from unnest(registry.column_types(p_type -> 'items')) t)
        else '{}'::text[]
    end;
end
$$;
