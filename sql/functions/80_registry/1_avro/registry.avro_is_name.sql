create or replace function registry.avro_is_name(p_name text, p_dots boolean default false) returns boolean
language sql immutable parallel safe as $$
    -- Whether a text is a name of Avro's, or with p_dots several joined by dots. A thousand bytes are enough: names are written
    -- out in full wherever they are used.
    select p_name is not null and octet_length(p_name) <= 1000
        and p_name ~ (case when p_dots then '^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$' else '^[A-Za-z_][A-Za-z0-9_]*$' end)
$$;
