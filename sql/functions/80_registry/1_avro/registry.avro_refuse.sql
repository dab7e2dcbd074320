create or replace function registry.avro_refuse(p_path text, p_problem text) returns void
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $$
-- Says that a text is no Avro schema, and where: by the names of fields from the root, `[]` for what an array or map holds.
-- Errors: EM301 always
begin
    raise exception using errcode = 'EM301',
        message = case when p_path = '' then left(p_problem, 500) else format('field %s: %s', left(p_path, 300), left(p_problem, 500)) end,
        hint = 'a schema is JSON as the Apache Avro specification, 1.11, has it';
end
$$;
