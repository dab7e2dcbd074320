create or replace function registry.json_schema_parsed(p_schema_text text) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- The value of a JSON Schema's text. That it is an object or a boolean is all that is asked of it.
-- Errors: EM301 no JSON, or JSON that is no schema
declare
    v_value jsonb;
begin
    -- A number with a large exponent has as many digits when it is kept: cheap to send, dear to have.
    if p_schema_text ~ '[0-9.][eE][+-]?0*[1-9][0-9]{3}' or regexp_count(p_schema_text, '[0-9.][eE][+-]?0*[1-9][0-9]{2}') > 100 then
        raise exception using errcode = 'EM301', message = 'the schema has numbers with exponents beyond 999, or too many beyond 99',
            hint = 'write them otherwise';
    end if;
    begin
        v_value := p_schema_text::jsonb;
    exception when data_exception or program_limit_exceeded or statement_too_complex then
        raise exception using errcode = 'EM301', message = 'the schema is no JSON that can be kept', detail = sqlerrm,
            hint = 'JSON Schema is an object of JSON, without \u0000';
    end;
    if jsonb_typeof(v_value) not in ('object', 'boolean') then
        raise exception using errcode = 'EM301', message = format('a JSON Schema is an object, not %s', jsonb_typeof(v_value)),
            hint = 'see json-schema.org';
    end if;
    return v_value;
end
$$;
