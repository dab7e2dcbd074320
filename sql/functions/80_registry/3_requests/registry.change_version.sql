create or replace function registry.change_version(p_path text[], p_body text) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Registers a version, as a request has it.
-- Errors: those of registry.register_version() and registry.schema_request()
declare
    v_request record := registry.schema_request(p_body);
    v_done record;
begin
    v_done := registry.register_version(
        registry.subject_named(p_path[2]), v_request.schema_text, v_request.schema_type, v_request.schema_references, null,
        v_request.schema_id, v_request.version);
    return row_to_json(r) from (select v_done.schema_id as id, v_done.version as version) r;
end
$$;
