create or replace function registry.ask_subjects(p_route text, p_path text[], p_query text[], p_body text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- What is read of subjects and their versions; a schema's look-up, too.
-- Errors: EM308 with 400, 404, 40401 to 40403, 42201, 42202, 42210; EM301, EM304
declare
    v_subject text := registry.subject_named(p_path[2]);
    v_deleted boolean := registry.flag(p_query, 'deleted');
    v_deleted_only boolean := registry.flag(p_query, 'deletedOnly');
    v_offset integer := registry.page_number(p_query, 'offset');
    v_limit integer := registry.page_number(p_query, 'limit');
    v_version integer;
    v_prefix text := registry.subject_prefix(p_query);
    v_row record;
    v_request record;
    v_digest bytea;
begin
    if p_route = 'subjects' then
        return to_json(array(
            select v.subject from registry.subject_version v
            where v_prefix = '' or starts_with(v.subject, v_prefix)
            group by v.subject
            having case when v_deleted_only then count(*) = count(v.deleted_at) else v_deleted or count(*) > count(v.deleted_at) end
            order by v.subject offset v_offset limit v_limit));
    elsif p_route = 'subjects/*' then
        v_request := registry.schema_request(p_body);
        v_digest := (registry.prepared(v_request.schema_text, v_request.schema_type, v_request.schema_references, false)).digest;
        select f.version into v_version from registry.found(v_subject, v_request.schema_type, v_digest, v_deleted) f;
        if v_version is null then
            if not registry.has_versions(v_subject, v_deleted) then
                perform registry.refuse(40401, format('Subject ''%s'' not found.', left(v_subject, 300)));
            end if;
            perform registry.refuse(40403, 'Schema not found');
        end if;
    elsif p_route = 'subjects/*/versions' then
        if not registry.has_versions(v_subject, v_deleted or v_deleted_only) then
            perform registry.refuse(40401, format('Subject ''%s'' not found.', left(v_subject, 300)));
        end if;
        return to_json(array(
            select v.version from registry.subject_version v
            where v.subject = v_subject
                and case when v_deleted_only then v.deleted_at is not null else v_deleted or v.deleted_at is null end
            order by v.version offset v_offset limit v_limit));
    else
        v_version := registry.version_named(v_subject, p_path[4], v_deleted or p_route = 'subjects/*/versions/*/referencedby');
        if p_route = 'subjects/*/versions/*/referencedby' then
            return to_json(array(
                select distinct r.schema_id from registry.schema_reference r
                where (r.subject, r.version) = (v_subject, v_version) and exists (
                    select from registry.subject_version v where v.schema_id = r.schema_id and v.deleted_at is null)
                order by r.schema_id));
        end if;
    end if;

    select s.schema_id, s.schema_type, s.schema_text into v_row
    from registry.subject_version v join registry.schema s on s.schema_id = v.schema_id
    where v.subject = v_subject and v.version = v_version;
    if p_route = 'subjects/*/versions/*/schema' then
        return v_row.schema_text;
    end if;
    return registry.schema_answer(v_subject, v_version, v_row.schema_id, v_row.schema_type, v_row.schema_text,
        registry.references_of(v_row.schema_id));
end
$$;
