create or replace function registry.request_integer(p_object json, p_name text, p_code integer) returns integer
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- The number that an object has under a name; null where it has none, null, or one below 1, which clients send for none.
-- Errors: EM308 with p_code: it is no integer of 32 bits
declare
    v_value json := p_object -> p_name;
    v_number integer;
begin
    if json_typeof(v_value) = 'number' then
        v_number := registry.integer_in(v_value::text);
    end if;
    if json_typeof(v_value) <> 'null' and v_number is null then
        perform registry.refuse(p_code, format('%s is no integer', p_name));
    end if;
    return case when v_number > 0 then v_number end;
end
$$;
