create or replace function registry.latest(p_subject text)
returns table (subject text, version integer, schema_id integer, schema_type text, schema_text text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- The newest version of a subject that stands; no row for a subject that nobody registered.
    select v.subject, v.version, v.schema_id, s.schema_type, s.schema_text
    from registry.subject_version v
    join registry.schema s on s.schema_id = v.schema_id
    where v.subject = p_subject and v.deleted_at is null
    order by v.version desc
    limit 1;
$$;
