create or replace function registry.avro_kind(p_type jsonb, p_types jsonb) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- The word of a type's kind: int, record, union, ….
--   p_types  the definitions by their names
declare
    v_label text := registry.avro_label(p_type);
    v_kind text := p_types #>> array[v_label, 'type'];
begin
    return case v_kind when 'error' then 'record' else coalesce(v_kind, v_label) end;
end
$$;
