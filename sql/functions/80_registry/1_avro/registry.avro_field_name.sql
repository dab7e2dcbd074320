create or replace function registry.avro_field_name(p_field jsonb, p_record text, p_path text) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- The name of a record's field, of which all but the type is looked at.
--   p_record  the record's full name, p_path where it is; for messages
-- Errors: EM301 no field
declare
    v_name text := case when jsonb_typeof(p_field -> 'name') = 'string' then p_field ->> 'name' end;
    v_path text := case when p_path = '' then '' else p_path || '.' end || v_name;
begin
    if v_name is null then
        perform registry.avro_refuse(p_path, format('a field of record %s has no "name"', p_record));
    elsif not registry.avro_is_name(v_name) then
        perform registry.avro_refuse(p_path, format('a field of record %s is called "%s", which is no name', p_record, left(v_name, 100)));
    elsif not p_field ? 'type' then
        perform registry.avro_refuse(v_path, 'it has no "type"');
    elsif p_field ? 'order' and p_field -> 'order' not in ('"ascending"', '"descending"', '"ignore"') then
        perform registry.avro_refuse(v_path, 'its order is none of ascending, descending, ignore');
    elsif p_field ? 'aliases' then
        if jsonb_typeof(p_field -> 'aliases') <> 'array' then
            perform registry.avro_refuse(v_path, 'its aliases are no array');
        elsif exists (select from jsonb_array_elements(p_field -> 'aliases') a
            where jsonb_typeof(a) <> 'string' or not registry.avro_is_name(a #>> '{}')) then
            perform registry.avro_refuse(v_path, 'an alias of it is no name');
        end if;
    end if;
    return v_name;
end
$$;
