create or replace function registry.avro_word(p_type jsonb) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
    -- What an Avro type is, in one word: its logical type where that stands on a type that it may stand on, else the type itself;
    -- union for a list of types.
    select case
        when jsonb_typeof(p_type) = 'string' then p_type #>> '{}'
        when jsonb_typeof(p_type) = 'array' then 'union'
        when p_type ->> 'logicalType' = any (case p_type ->> 'type'
            when 'bytes' then array['decimal']
            when 'fixed' then array['decimal'] || case when p_type ->> 'size' = '12' then array['duration'] end
                || case when p_type ->> 'size' = '16' then array['uuid'] end
            when 'string' then array['uuid']
            when 'int' then array['date', 'time-millis']
            when 'long' then array['time-micros', 'timestamp-millis', 'timestamp-micros', 'timestamp-nanos',
                'local-timestamp-millis', 'local-timestamp-micros', 'local-timestamp-nanos']
        end) then p_type ->> 'logicalType'
        else p_type ->> 'type'
    end;
$$;
