create or replace function registry.references_of(p_schema_id integer) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
    -- What a schema refers to, in the order in which it was given: [{"name", "subject", "version"}, …]; [] for nothing.
    select coalesce(
        jsonb_agg(jsonb_build_object('name', r.name, 'subject', r.subject, 'version', r.version) order by r.position), '[]')
    from registry.schema_reference r where r.schema_id = p_schema_id;
$$;
