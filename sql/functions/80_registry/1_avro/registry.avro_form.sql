create or replace function registry.avro_form(p_tree jsonb, p_is_identity boolean) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- One type, and what is in it, as text in which equal schemas are equal: members in Avro's order, no white space.
--   p_is_identity  with defaults, aliases and logical types, which the Parsing Canonical Form has not
declare
    v_word text;
    v_extra text := '';
begin
    if jsonb_typeof(p_tree) = 'string' then
        return p_tree::text;
    elsif jsonb_typeof(p_tree) = 'array' then
        return '[' || coalesce((select string_agg(registry.avro_form(a, p_is_identity), ',' order by n)
            from jsonb_array_elements(p_tree) with ordinality as t (a, n)), '') || ']';
    end if;
    v_word := p_tree ->> 'type';
    if p_is_identity then
        v_extra := registry.avro_aliases_form(p_tree)
            || coalesce(',"logicalType":' || (p_tree -> 'logicalType')::text, '')
            || case when p_tree ->> 'logicalType' = 'decimal' then coalesce(',"precision":' || (p_tree -> 'precision')::text, '')
                || coalesce(',"scale":' || nullif(p_tree -> 'scale', '0')::text, '') else '' end;
    end if;
    if v_word in ('record', 'error') then
        return format('{"name":"%s","type":"record","fields":[%s]%s}', p_tree ->> 'name',
            (select string_agg(format('{"name":"%s","type":%s%s}', f ->> 'name', registry.avro_form(f -> 'type', p_is_identity),
                case when p_is_identity then coalesce(',"default":' || registry.avro_default_form(f -> 'default'), '')
                    || registry.avro_aliases_form(f) else '' end),
                ',' order by n)
            from jsonb_array_elements(p_tree -> 'fields') with ordinality as t (f, n)), v_extra);
    end if;
    return case v_word
        when 'enum' then format('{"name":"%s","type":"enum","symbols":[%s]%s%s}', p_tree ->> 'name',
            (select string_agg(a::text, ',' order by n) from jsonb_array_elements(p_tree -> 'symbols') with ordinality as t (a, n)),
            case when p_is_identity then coalesce(',"default":' || (p_tree -> 'default')::text, '') else '' end, v_extra)
        when 'fixed' then format('{"name":"%s","type":"fixed","size":%s%s}', p_tree ->> 'name', p_tree -> 'size', v_extra)
        when 'array' then format('{"type":"array","items":%s%s}', registry.avro_form(p_tree -> 'items', p_is_identity), v_extra)
        when 'map' then format('{"type":"map","values":%s%s}', registry.avro_form(p_tree -> 'values', p_is_identity), v_extra)
        else case when v_extra = '' then format('"%s"', v_word) else format('{"type":"%s"%s}', v_word, v_extra) end
    end;
end
$$;
