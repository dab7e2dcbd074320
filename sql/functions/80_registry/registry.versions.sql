create or replace function registry.versions(p_subject text)
returns table (
    subject text, version integer, schema_id integer, schema_type text, schema_text text, canonical text,
    schema_references jsonb, resolved_text text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- The versions of a subject that stand, oldest first; no row for a subject that nobody registered. Columns: registry.schema_by_id().
    select v.subject, v.version, v.schema_id, s.schema_type, s.schema_text, s.canonical, r.list,
        registry.resolved_text(s.schema_text, s.tree, r.list)
    from registry.subject_version v
    join registry.schema s on s.schema_id = v.schema_id
    cross join lateral registry.references_of(s.schema_id) as r (list)
    where v.subject = p_subject and v.deleted_at is null
    order by v.version;
$$;
