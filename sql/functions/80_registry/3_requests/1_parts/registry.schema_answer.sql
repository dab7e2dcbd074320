create or replace function registry.schema_answer(
    p_subject text, p_version integer, p_schema_id integer, p_schema_type text, p_schema_text text, p_references jsonb) returns json
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- A version as Confluent's API shows it: without what is null, or as it mostly is.
    select json_strip_nulls(row_to_json(r))
    from (
        select p_subject as subject, p_version as version, p_schema_id as id, nullif(p_schema_type, 'AVRO') as "schemaType",
            nullif(p_references, '[]') as "references", p_schema_text as schema
    ) r;
$$;
