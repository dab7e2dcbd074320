create or replace function registry.avro_canonical(p_tree jsonb) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
-- What makes a schema itself, of a tree of avro_parsed: the Parsing Canonical Form, and whatever else changes what a reader
-- makes of bytes: defaults, aliases, logical types. Equal forms are one schema.
-- Errors: EM301 it is larger than 1 MiB
declare
    v_form text := registry.avro_form(p_tree, true);
begin
    if octet_length(v_form) > 1048576 then
        perform registry.avro_refuse('', 'with names in full and all that it refers to, the schema is larger than 1 MiB');
    end if;
    return v_form;
end
$$;
