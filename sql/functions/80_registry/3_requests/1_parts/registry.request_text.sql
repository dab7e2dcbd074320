create or replace function registry.request_text(p_object json, p_name text, p_code integer) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- The text that an object has under a name; null where it has none, or null.
-- Errors: EM308 with p_code: it is no text, or has a character that none can have here
begin
    if json_typeof(p_object -> p_name) not in ('string', 'null') then
        perform registry.refuse(p_code, format('%s is no string', p_name));
    end if;
    return p_object ->> p_name;
exception when data_exception then
    -- \u0000 or half of a surrogate pair.
    perform registry.refuse(p_code, format('%s has a character that is none', p_name));
    return null;
end
$$;
