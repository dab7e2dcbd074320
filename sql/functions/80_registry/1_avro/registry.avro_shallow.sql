create or replace function registry.avro_shallow(p_tree jsonb, p_is_definition boolean, p_mark text default '') returns jsonb
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- A type without the definitions in it: their names stand in their place.
--   p_is_definition  the type is a definition itself, and stays one
--   p_mark           put before each name of a type that is used
begin
    if jsonb_typeof(p_tree) = 'string' then
        return case
            when p_mark = '' or p_tree #>> '{}' in ('null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string') then p_tree
            else to_jsonb(p_mark || (p_tree #>> '{}')) end;
    elsif jsonb_typeof(p_tree) = 'array' then
        return coalesce((select jsonb_agg(registry.avro_shallow(a, false, p_mark) order by n)
            from jsonb_array_elements(p_tree) with ordinality as t (a, n)), '[]');
    end if;
    -- What is replaced is taken out first: jsonb's || copies it, member by member.
    case p_tree ->> 'type'
    when 'array' then
        return (p_tree - 'items') || jsonb_build_object('items', registry.avro_shallow(p_tree -> 'items', false, p_mark));
    when 'map' then
        return (p_tree - 'values') || jsonb_build_object('values', registry.avro_shallow(p_tree -> 'values', false, p_mark));
    when 'record', 'error', 'enum', 'fixed' then
        if not p_is_definition then
            return to_jsonb(p_mark || (p_tree ->> 'name'));
        elsif not p_tree ? 'fields' then
            return p_tree;
        end if;
        return (p_tree - 'fields') || jsonb_build_object('fields', coalesce(
            (select jsonb_agg((a - 'type') || jsonb_build_object('type', registry.avro_shallow(a -> 'type', false, p_mark)) order by n)
            from jsonb_array_elements(p_tree -> 'fields') with ordinality as t (a, n)), '[]'));
    else
        return p_tree;
    end case;
end
$$;
