create or replace function registry.avro_title(p_type jsonb, p_types jsonb) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- What a type is called in messages: record a.b.C, int.
--   p_types  the definitions by their names
declare
    v_label text := registry.avro_label(p_type);
begin
    return case when p_types ? v_label then registry.avro_kind(p_type, p_types) || ' ' || v_label else v_label end;
end
$$;
