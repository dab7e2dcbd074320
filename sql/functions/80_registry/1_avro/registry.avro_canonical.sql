create or replace function registry.avro_canonical(p_tree jsonb) returns text
language plpgsql immutable parallel safe as $$
-- What makes a schema itself, of a tree of avro_parsed: the Parsing Canonical Form, and whatever else changes what a reader
-- makes of bytes: defaults, aliases, logical types. Equal forms are one schema.
begin
    return registry.avro_form(p_tree, true);
end
$$;
