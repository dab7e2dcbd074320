create or replace function registry.canonical_form(p_schema_type text, p_tree jsonb, p_references jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- What makes a schema one and the same: what it says to readers, and what it refers to.
    --   p_tree        registry.avro_parsed()'s; of JSON Schema its text as jsonb
    --   p_references  array of {"name", "subject", "version", "id"}, by name; null: it refers to nothing
    select case p_schema_type when 'AVRO' then registry.avro_canonical(p_tree) else p_tree::text end
        || coalesce(E'\n' || p_references::text, '');
$$;
