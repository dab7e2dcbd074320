create or replace function registry.register(p_subject text, p_schema_text text, p_canonical text, p_after integer default null)
returns table (schema_id integer, version integer, is_new boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Registers a schema as a subject's next version. The same canonical form again gives the same id and version and changes
-- nothing; a form that another subject has keeps its id. Whether it is compatible is the caller's to judge.
--   p_canonical  equal for texts that are one schema
--   p_after      the version that the caller judged against, 0 for none; null: whatever is newest
-- Errors: EM300 another version was registered since p_after; 23514 a text or subject is empty or too long
#variable_conflict use_column
declare
    v_digest bytea := sha256(convert_to(p_canonical, 'UTF8'));
    v_schema integer;
    v_version integer;
    v_newest integer;
begin
    -- One registration at a time: they are rare, an id is then not spent in vain, and nobody waits for a row in a circle.
    perform pg_advisory_xact_lock('registry.schema'::regclass::oid::bigint);
    select s.schema_id into v_schema
    from registry.schema s where (s.schema_type, s.canonical_digest) = ('AVRO', v_digest);
    select v.version into v_version
    from registry.subject_version v where v.subject = p_subject and v.schema_id = v_schema and v.deleted_at is null;
    if found then
        return query select v_schema, v_version, false;
        return;
    end if;
    -- Numbers of deleted versions are not given again, and are no versions to have judged against.
    select coalesce(max(v.version), 0), coalesce(max(v.version) filter (where v.deleted_at is null), 0)
    into v_version, v_newest
    from registry.subject_version v where v.subject = p_subject;
    if v_newest is distinct from coalesce(p_after, v_newest) then
        raise exception using errcode = 'EM300',
            message = format('subject %s is at version %s, not %s', p_subject, v_newest, p_after),
            hint = 'somebody else registered meanwhile; plan again';
    end if;
    if v_schema is null then
        insert into registry.schema (schema_text, canonical, canonical_digest)
        values (p_schema_text, p_canonical, v_digest)
        returning schema.schema_id into v_schema;
    end if;
    insert into registry.subject_version (subject, version, schema_id) values (p_subject, v_version + 1, v_schema);
    return query select v_schema, v_version + 1, true;
end
$$;
