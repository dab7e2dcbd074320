create or replace function registry.ask_compatibility(p_path text[], p_query text[], p_body text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- Whether a schema may follow a version of a subject, or those that its level names. What nobody has registered yet, and
-- latest of nothing, objects to nothing.
-- Errors: EM308 with 400, 40401, 40402, 42201, 42202, 42210; EM301, EM304, EM306
declare
    v_subject text := registry.subject_named(p_path[3]);
    v_request record := registry.schema_request(p_body);
    v_new record;
    v_version integer;
    v_objections text[];
begin
    v_new := registry.prepared(v_request.schema_text, v_request.schema_type, v_request.schema_references, false);
    if cardinality(p_path) = 5 and (lower(btrim(p_path[5])) not in ('latest', '-1') or registry.has_versions(v_subject, false)) then
        v_version := registry.version_named(v_subject, p_path[5], false);
    end if;
    v_objections := array(
        select o.sentence from registry.judged(v_subject, v_request.schema_type, v_new.tree, v_version) as o (sentence)
        where not exists (
            select from registry.found(v_subject, v_request.schema_type, v_new.digest, false) f
            where f.version = v_version or v_version is null));
    return json_strip_nulls(row_to_json(r))
    from (
        select cardinality(v_objections) = 0 as is_compatible,
            case when registry.flag(p_query, 'verbose') then to_json(v_objections) end as messages
    ) r;
end
$$;
