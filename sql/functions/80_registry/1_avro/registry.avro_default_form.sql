create or replace function registry.avro_default_form(p_default jsonb) returns text
language sql immutable parallel safe as $$
    -- A field's default in a canonical form: 1.0 is 1.
    select case jsonb_typeof(p_default) when 'number' then trim_scale((p_default #>> '{}')::numeric)::text else p_default::text end
$$;
