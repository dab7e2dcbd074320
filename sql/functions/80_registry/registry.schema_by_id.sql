create or replace function registry.schema_by_id(p_schema_id integer)
returns table (schema_id integer, schema_type text, schema_text text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- The schema that messages with this id were written with; no row where there is none.
    select s.schema_id, s.schema_type, s.schema_text from registry.schema s where s.schema_id = p_schema_id;
$$;
