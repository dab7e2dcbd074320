create or replace function registry.register(
    p_subject text, p_schema_text text, p_schema_type text default 'AVRO', p_references jsonb default '[]', p_after integer default null)
returns table (schema_id integer, version integer, is_new boolean)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    -- Registers a schema as a subject's next version. The same schema again gives the same id and version and changes
    -- nothing; one that another subject has keeps its id.
    --   p_after  the version that the caller looked at, 0 for none; null: whatever is newest
    -- Errors: EM300 another version was registered since p_after, EM301 no schema, EM302 not compatible (detail: why, a line
    --     each), EM303 the subject is read-only or being imported, EM304 a reference that is not there, EM305 no such name for
    --     a subject, EM306 the setting registry.compatibility is no level
    select r.schema_id, r.version, r.is_new
    from registry.register_version(p_subject, p_schema_text, p_schema_type, p_references, p_after, null, null) r;
$$;
