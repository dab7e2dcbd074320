create or replace function registry.avro_shallow(p_tree jsonb, p_keeps text, p_mark text default '') returns jsonb
language plpgsql immutable parallel safe as $$
-- A type without the definitions in it: their names stand in their place.
--   p_keeps  none: a definition becomes its name; own: but for this one, of which stays what it says itself; all: all stay
--   p_mark   put before each name that stands for a type
declare
    v_inner text := case p_keeps when 'all' then 'all' else 'none' end;
begin
    if jsonb_typeof(p_tree) = 'string' then
        return case when p_mark = '' or p_tree #>> '{}' in ('null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string') then p_tree
            else to_jsonb(p_mark || (p_tree #>> '{}')) end;
    elsif jsonb_typeof(p_tree) = 'array' then
        return coalesce((select jsonb_agg(registry.avro_shallow(a, v_inner, p_mark) order by n)
            from jsonb_array_elements(p_tree) with ordinality as t (a, n)), '[]');
    end if;
    case p_tree ->> 'type'
    when 'array' then
        return p_tree || jsonb_build_object('items', registry.avro_shallow(p_tree -> 'items', v_inner, p_mark));
    when 'map' then
        return p_tree || jsonb_build_object('values', registry.avro_shallow(p_tree -> 'values', v_inner, p_mark));
    when 'record', 'error', 'enum', 'fixed' then
        if p_keeps = 'none' then
            return to_jsonb(p_mark || (p_tree ->> 'name'));
        elsif not p_tree ? 'fields' then
            return p_tree;
        end if;
        return p_tree || jsonb_build_object('fields', coalesce(
            (select jsonb_agg(a || jsonb_build_object('type', registry.avro_shallow(a -> 'type', v_inner, p_mark)) order by n)
            from jsonb_array_elements(p_tree -> 'fields') with ordinality as t (a, n)), '[]'));
    else
        return p_tree;
    end case;
end
$$;
