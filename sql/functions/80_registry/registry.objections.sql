create or replace function registry.objections(
    p_subject text, p_schema_text text, p_schema_type text default 'AVRO', p_references jsonb default '[]') returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- What keeps a schema from becoming a subject's next version, a sentence each, with the field's path; no row: nothing does.
    -- What the subject has already is never objected to.
    -- Errors: EM301 no schema, EM304 a reference that is not there, EM306 the setting registry.compatibility is no level
    select o.sentence
    from registry.prepared(p_schema_text, p_schema_type, p_references, false) p
    cross join lateral registry.judged(p_subject, p_schema_type, p.tree) as o (sentence)
    where not exists (select from registry.found(p_subject, p_schema_type, p.digest, false));
$$;
