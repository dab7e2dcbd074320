create or replace function registry.found(
    p_subject text, p_schema_type text, p_digest bytea, p_deleted boolean, out version integer, out schema_id integer) returns setof record
language sql stable set search_path = pg_catalog, pg_temp as $$
    -- The version of a subject that has a schema; the newest, where deleted ones count and there are several.
    select v.version, v.schema_id
    from registry.schema s
    join registry.subject_version v on v.schema_id = s.schema_id
    where (s.schema_type, s.canonical_digest) = (p_schema_type, p_digest) and v.subject = p_subject
        and (v.deleted_at is null or p_deleted)
    order by v.deleted_at is null desc, v.version desc
    limit 1;
$$;
