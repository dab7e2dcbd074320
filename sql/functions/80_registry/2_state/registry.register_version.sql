create or replace function registry.register_version(
    p_subject text, p_schema_text text, p_schema_type text, p_references jsonb, p_after integer, p_schema_id integer, p_version integer,
    out schema_id integer, out version integer, out is_new boolean)
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- What registry.register() does; and with p_schema_id what mode IMPORT is for: the version gets that id, and no compatibility
-- is asked for.
--   p_version  the number it shall have; null: the next
-- Errors: those of registry.register(); EM307 the schema has another id; EM308 with 42201 p_version without p_schema_id is not the
--     next, or none comes after the newest, 42205 the id or the version is another schema's
#variable_conflict use_column
declare
    v_new record;
    v_mode text;
    v_newest integer;
    v_standing integer;
    v_objections text[];
begin
    perform registry.check_subject(p_subject);
    v_new := registry.prepared(p_schema_text, p_schema_type, p_references, false);
    is_new := false;
    -- Most who register only ask: they wait for nobody.
    select f.version, f.schema_id into version, schema_id from registry.found(p_subject, p_schema_type, v_new.digest, false) f;
    if not found then
        -- One change at a time: they are rare, an id is then not spent in vain, and nobody waits for a row in a circle.
        perform pg_advisory_xact_lock('registry.schema'::regclass::oid::bigint);
        select f.version, f.schema_id into version, schema_id from registry.found(p_subject, p_schema_type, v_new.digest, false) f;
    end if;
    if schema_id is not null then
        if schema_id <> p_schema_id or p_schema_id is not null and version <> p_version then
            raise exception using errcode = 'EM307',
                message = format(
                    'Schema already registered with id %s as version %s instead of input id %s', schema_id, version, p_schema_id),
                hint = 'a schema has one id, and one version of a subject that stands';
        end if;
        return;
    end if;

    v_mode := registry.mode_of(p_subject);
    if v_mode <> (case when p_schema_id is null then 'READWRITE' else 'IMPORT' end) then
        raise exception using errcode = 'EM303',
            message = format('Subject %s is %s', p_subject, case
                when v_mode like 'READONLY%' then 'in read-only mode'
                when p_schema_id is null then 'not in read-write mode'
                else 'not in import mode' end),
            hint = 'see GET /mode/(subject); ids come with schemas in mode IMPORT, and only there';
    end if;
    -- Again, behind the lock: what it refers to must stand.
    if p_references <> '[]' then
        v_new := registry.prepared(p_schema_text, p_schema_type, p_references, true);
    end if;
    -- Numbers of deleted versions are not given again, and are no versions to have judged against.
    select coalesce(max(v.version), 0), coalesce(max(v.version) filter (where v.deleted_at is null), 0)
    into v_newest, v_standing
    from registry.subject_version v where v.subject = p_subject;
    if v_standing is distinct from coalesce(p_after, v_standing) then
        raise exception using errcode = 'EM300',
            message = format('subject %s is at version %s, not %s', p_subject, v_standing, p_after),
            hint = 'somebody else registered meanwhile; plan again';
    end if;
    if v_newest = 2147483647 and (p_version is null or p_schema_id is null) then
        perform registry.refuse(42201, format('Subject %s has no number left for another version', p_subject));
    end if;
    version := coalesce(p_version, v_newest + 1);
    if p_schema_id is null then
        if version <> v_newest + 1 then
            perform registry.refuse(42201, format('Version is not one more than previous version: %s is the next', v_newest + 1));
        end if;
        v_objections := array(select o.sentence from registry.judged(p_subject, p_schema_type, v_new.tree) as o (sentence));
        if cardinality(v_objections) > 0 then
            raise exception using errcode = 'EM302', message = format('the schema is not compatible with subject %s', p_subject),
                detail = array_to_string(v_objections, E'\n'),
                hint = format('the subject''s level is %s', registry.compatibility(p_subject));
        end if;
    elsif exists (select from registry.subject_version v where (v.subject, v.version) = (p_subject, p_version)) then
        perform registry.refuse(42205, format('Overwrite of version %s of subject %s is not permitted.', p_version, p_subject));
    end if;

    select s.schema_id into schema_id
    from registry.schema s where (s.schema_type, s.canonical_digest) = (p_schema_type, v_new.digest);
    if schema_id <> p_schema_id then
        raise exception using errcode = 'EM307',
            message = format('Schema already registered with id %s instead of input id %s', schema_id, p_schema_id),
            hint = 'a schema has one id';
    elsif schema_id is null then
        if exists (select from registry.schema s where s.schema_id = p_schema_id) then
            perform registry.refuse(42205, format('Overwrite new schema with id %s is not permitted.', p_schema_id));
        end if;
        -- Ids that were imported are stepped over: one far ahead must not use up those before it.
        schema_id := p_schema_id;
        while schema_id is null loop
            schema_id := nextval('registry.schema_schema_id_seq');
            if exists (select from registry.schema s where s.schema_id = register_version.schema_id) then
                schema_id := null;
            end if;
        end loop;
        insert into registry.schema (schema_id, schema_type, schema_text, canonical, canonical_digest, tree)
        overriding system value
        values (schema_id, p_schema_type, p_schema_text, v_new.canonical, v_new.digest, v_new.tree);
        insert into registry.schema_reference (schema_id, position, name, subject, version, referenced_id)
        select register_version.schema_id, r.position, r.reference ->> 'name', r.reference ->> 'subject',
            (r.reference ->> 'version')::integer, v_new.referenced_ids[r.position]
        from jsonb_array_elements(v_new.schema_references) with ordinality as r (reference, position);
    end if;
    insert into registry.subject_version (subject, version, schema_id)
    values (p_subject, register_version.version, register_version.schema_id);
    is_new := true;
end
$$;
