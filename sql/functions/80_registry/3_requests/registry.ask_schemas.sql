create or replace function registry.ask_schemas(p_route text, p_path text[], p_query text[]) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- What is read of a schema by its id. Parameters subject and format are passed over: an id is one schema wherever it is.
-- Errors: EM308 with 404, 40403
declare
    v_id integer := registry.integer_in(p_path[3]);
    v_type text;
    v_text text;
    v_subject text := registry.subject_named(registry.argument(p_query, 'subject'));
    v_deleted boolean := registry.flag(p_query, 'deleted');
    v_offset integer := registry.page_number(p_query, 'offset');
    v_limit integer := registry.page_number(p_query, 'limit');
begin
    if v_id is null then
        perform registry.refuse(404, 'HTTP 404 Not Found');
    end if;
    select s.schema_type, s.schema_text into v_type, v_text from registry.schema s where s.schema_id = v_id;
    if not found then
        perform registry.refuse(40403, format('Schema %s not found', v_id));
    end if;
    if p_route = 'schemas/ids/*/schema' then
        return v_text;
    elsif p_route = 'schemas/ids/*/subjects' then
        return to_json(array(
            select distinct v.subject from registry.subject_version v
            where v.schema_id = v_id and (v.deleted_at is null or v_deleted) and (v_subject is null or v.subject = v_subject)
            order by v.subject offset v_offset limit v_limit));
    elsif p_route = 'schemas/ids/*/versions' then
        return (
            select '[' || coalesce(string_agg(row_to_json(r)::text, ',' order by r.subject, r.version), '') || ']'
            from (
                select v.subject, v.version from registry.subject_version v
                where v.schema_id = v_id and (v.deleted_at is null or v_deleted) and (v_subject is null or v.subject = v_subject)
                order by v.subject, v.version offset v_offset limit v_limit
            ) r);
    end if;
    return (
        select json_strip_nulls(row_to_json(r))
        from (
            select nullif(v_type, 'AVRO') as "schemaType", v_text as schema, nullif(registry.references_of(v_id), '[]') as "references",
                case when registry.flag(p_query, 'fetchMaxId') then (select max(s.schema_id) from registry.schema s) end as "maxId"
        ) r);
end
$$;
