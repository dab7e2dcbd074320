create or replace function registry.avro_label(p_type jsonb) returns text
language sql immutable parallel safe as $$
    -- What tells a type of a parsed tree from the others of a union: its full name, or the word of its kind.
    select case
        when jsonb_typeof(p_type) = 'string' then p_type #>> '{}'
        when jsonb_typeof(p_type) = 'array' then 'union'
        when p_type ->> 'type' in ('record', 'error', 'enum', 'fixed') then p_type ->> 'name'
        else p_type ->> 'type'
    end
$$;
