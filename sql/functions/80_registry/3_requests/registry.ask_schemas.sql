create or replace function registry.ask_schemas(p_route text, p_path text[], p_query text[]) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- What is read of schemas, by their ids or all of them.
-- Errors: EM320 with 404, 413, 40403
declare
    v_id integer;
    v_schema registry.schema;
    v_deleted boolean := registry.flag(p_query, 'deleted');
    v_offset integer := registry.page_number(p_query, 'offset');
    -- As Confluent's schema.search.default.limit.
    v_limit integer := least(registry.page_number(p_query, 'limit'), 1000);
    v_size bigint;
    v_answer text;
begin
    if p_route = 'schemas/types' then
        return '["JSON","AVRO"]';
    elsif p_route = 'schemas' then
        -- The page first, and then what is in it.
        with page as materialized (
            select * from registry.listed(p_query) order by subject, version offset v_offset limit v_limit
        )
        select sum(octet_length(s.schema_text)) into v_size from page p join registry.schema s on s.schema_id = p.schema_id;
        if v_size > 67108864 then
            perform registry.refuse(413, format('These schemas have %s bytes: ask for fewer by limit', v_size));
        end if;
        with page as materialized (
            select * from registry.listed(p_query) order by subject, version offset v_offset limit v_limit
        )
        select '[' || coalesce(string_agg(registry.schema_answer(p.subject, p.version, s.schema_id, s.schema_type, s.schema_text,
            registry.references_of(s.schema_id))::text, ',' order by p.subject, p.version), '') || ']'
        into v_answer
        from page p join registry.schema s on s.schema_id = p.schema_id;
        return v_answer;
    end if;

    v_id := registry.integer_in(p_path[3]);
    if v_id is null then
        perform registry.refuse(404, 'HTTP 404 Not Found');
    end if;
    select * into v_schema from registry.schema s where s.schema_id = v_id;
    if not found then
        perform registry.refuse(40403, format('Schema %s not found', v_id));
    end if;
    if p_route = 'schemas/ids/*' then
        select json_strip_nulls(row_to_json(r))::text into v_answer
        from (
            select nullif(v_schema.schema_type, 'AVRO') as "schemaType", v_schema.schema_text as schema,
                nullif(registry.references_of(v_id), '[]') as "references",
                case when registry.flag(p_query, 'fetchMaxId') then (select max(s.schema_id) from registry.schema s) end as "maxId"
        ) r;
    elsif p_route = 'schemas/ids/*/schema' then
        v_answer := v_schema.schema_text;
    elsif p_route = 'schemas/ids/*/subjects' then
        select to_json(array(
            select distinct v.subject from registry.subject_version v
            where v.schema_id = v_id and (v.deleted_at is null or v_deleted)
                and v.subject = coalesce(registry.subject_named(registry.argument(p_query, 'subject')), v.subject)
            order by v.subject offset v_offset limit v_limit))::text into v_answer;
    elsif p_route = 'schemas/ids/*/versions' then
        select '[' || coalesce(string_agg(row_to_json(r)::text, ',' order by r.subject, r.version), '') || ']' into v_answer
        from (
            select v.subject, v.version from registry.subject_version v
            where v.schema_id = v_id and (v.deleted_at is null or v_deleted)
                and v.subject = coalesce(registry.subject_named(registry.argument(p_query, 'subject')), v.subject)
            order by v.subject, v.version offset v_offset limit v_limit
        ) r;
    end if;
    return v_answer;
end
$$;
