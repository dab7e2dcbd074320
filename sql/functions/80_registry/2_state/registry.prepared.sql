create or replace function registry.prepared(
    p_schema_text text, p_schema_type text, p_references jsonb, p_standing boolean,
    out tree jsonb, out canonical text, out digest bytea, out schema_references jsonb, out referenced_ids integer[])
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- A schema as it would be kept: parsed, with what it refers to looked up.
--   p_references       array of {"name", "subject", "version"}; version -1: the newest
--   p_standing         whether what it refers to must not be deleted
--   tree               of JSON Schema null
--   schema_references  with the versions that they are
-- Errors: EM301 no schema, EM304 a reference that is not there
declare
    v_known jsonb;
    v_identity jsonb;
    v_missing text;
    v_value jsonb;
    v_of_other_type text;
begin
    if p_schema_type is null or p_schema_type not in ('AVRO', 'JSON') then
        raise exception using errcode = 'EM301', message = format('schema type %s is not known here', left(p_schema_type, 80)),
            hint = 'AVRO or JSON';
    elsif coalesce(p_schema_text, '') = '' then
        raise exception using errcode = 'EM301', message = 'the schema is empty', hint = 'send its text';
    elsif octet_length(p_schema_text) > 1048576 then
        raise exception using errcode = 'EM301',
            message = format('the schema has %s bytes: a schema has at most 1048576', octet_length(p_schema_text)),
            hint = 'split it, and refer to its parts';
    end if;
    perform registry.check_references(p_references);

    select jsonb_agg(
            jsonb_build_object('name', r.name, 'subject', r.subject, 'version', v.version) order by r.position),
        -- A version that was deleted for good may be another schema by now: then who refers to it is another, too.
        jsonb_agg(
            jsonb_build_object('name', r.name, 'subject', r.subject, 'version', v.version, 'id', v.schema_id) order by r.name),
        array_agg(v.schema_id order by r.position), jsonb_agg(s.tree order by r.position),
        min(format('%s version %s', left(r.subject, 255), r.version)) filter (where v.schema_id is null),
        min(format('%s version %s', left(r.subject, 255), r.version))
            filter (where s.schema_type <> p_schema_type or p_schema_type = 'AVRO' and s.tree is null)
    into schema_references, v_identity, referenced_ids, v_known, v_missing, v_of_other_type
    from jsonb_array_elements(p_references) with ordinality as given (reference, position)
    cross join lateral (
        select reference ->> 'name', reference ->> 'subject', (reference ->> 'version')::integer, given.position
    ) as r (name, subject, version, position)
    left join lateral (
        select v.version, v.schema_id
        from registry.subject_version v
        where v.subject = r.subject and (v.version = r.version or r.version = -1)
            and (v.deleted_at is null or not p_standing and r.version <> -1)
        order by v.version desc
        limit 1
    ) v on true
    left join registry.schema s on s.schema_id = v.schema_id;
    schema_references := coalesce(schema_references, '[]');
    referenced_ids := coalesce(referenced_ids, '{}');
    if v_missing is not null then
        raise exception using errcode = 'EM304', message = format('it refers to %s, which is not there', v_missing),
            hint = 'register that first';
    elsif v_of_other_type is not null then
        raise exception using errcode = 'EM301', message = format('it refers to %s, which is of another type', v_of_other_type),
            hint = 'schemas refer to schemas of their own type';
    end if;

    if p_schema_type = 'AVRO' then
        tree := registry.avro_parsed(p_schema_text, coalesce(v_known, '[]'));
        v_value := tree;
    else
        v_value := registry.json_schema_parsed(p_schema_text);
    end if;
    canonical := registry.canonical_form(p_schema_type, v_value, v_identity);
    if octet_length(canonical) > 4194304 then
        raise exception using errcode = 'EM301',
            message = 'the schema with all that it refers to, and names written in full, has more than 4194304 bytes',
            hint = 'refer to less';
    end if;
    digest := sha256(convert_to(canonical, 'UTF8'));
end
$$;
