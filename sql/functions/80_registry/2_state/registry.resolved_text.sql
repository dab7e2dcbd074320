create or replace function registry.resolved_text(p_schema_text text, p_tree jsonb, p_references jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- A schema's text that needs no other: with references the parsed tree's, which has them inlined.
    select case when p_references = '[]' then p_schema_text else coalesce(p_tree::text, p_schema_text) end;
$$;
