create or replace function registry.request_object(p_body text) returns json
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- The JSON object that a body is. It stays json: a value is looked at when it is asked for, and NUL or a huge number
-- elsewhere harms nobody.
-- Errors: EM308 400 the body is none
declare
    v_object json;
begin
    begin
        v_object := p_body::json;
    exception when data_exception or program_limit_exceeded then
        v_object := null;
    end;
    if json_typeof(v_object) is distinct from 'object' then
        perform registry.refuse(400, 'the body is no JSON object');
    end if;
    return v_object;
end
$$;
