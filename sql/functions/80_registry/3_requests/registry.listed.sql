create or replace function registry.listed(p_query text[]) returns table (subject text, version integer, schema_id integer)
language sql stable set search_path = pg_catalog, pg_temp as $$
    -- The versions that a listing of schemas is asked for: by subjectPrefix, deleted, latestOnly.
    select v.subject, v.version, v.schema_id
    from registry.subject_version v
    where starts_with(v.subject, registry.subject_prefix(p_query)) and (v.deleted_at is null or registry.flag(p_query, 'deleted'))
        and (not registry.flag(p_query, 'latestOnly') or not exists (
            select from registry.subject_version l
            where l.subject = v.subject and l.version > v.version and (l.deleted_at is null or registry.flag(p_query, 'deleted'))));
$$;
