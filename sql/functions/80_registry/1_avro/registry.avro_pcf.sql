create or replace function registry.avro_pcf(p_tree jsonb) returns text
language sql immutable parallel safe as $$
    -- Avro's Parsing Canonical Form of a tree of avro_parsed.
    select registry.avro_form(p_tree, false)
$$;
