create or replace function registry.schema_by_id(p_schema_id integer)
returns table (schema_id integer, schema_type text, schema_text text, schema_references jsonb, resolved_text text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- The schema that messages with this id were written with; no row where there is none.
    --   schema_references  array of {"name", "subject", "version"}
    --   resolved_text      the text with what it refers to put in; of JSON Schema, and without references, schema_text
    select s.schema_id, s.schema_type, s.schema_text, r.list, registry.resolved_text(s.schema_text, s.tree, r.list)
    from registry.schema s
    cross join lateral registry.references_of(s.schema_id) as r (list)
    where s.schema_id = p_schema_id;
$$;
