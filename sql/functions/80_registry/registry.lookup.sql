create or replace function registry.lookup(
    p_subject text, p_schema_text text, p_schema_type text default 'AVRO', p_references jsonb default '[]')
returns table (subject text, version integer, schema_id integer)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- The version of a subject that is this schema, and stands; no row where there is none.
    -- Errors: EM301 no schema, EM304 a reference that is not there
    select p_subject, f.version, f.schema_id
    from registry.prepared(p_schema_text, p_schema_type, p_references, false) p
    cross join lateral registry.found(p_subject, p_schema_type, p.digest, false) f;
$$;
