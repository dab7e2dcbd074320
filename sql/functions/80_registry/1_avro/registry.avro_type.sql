create or replace function registry.avro_type(
    p_json jsonb, p_namespace text, p_path text, p_depth integer, p_mark text, out tree text, out label text
)
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- One type of a schema, and what is in it, with names in full, as JSON text; and what tells it from others in a union. As
-- avro_parsed says, but for what is to be seen of all types together only: whether names are defined, and once, and whether
-- defaults fit. Text, since jsonb is taken apart and put together anew at each level that it goes into.
--   p_namespace  of the definition around; '' for none
--   p_path       where it is, for messages
--   p_mark       put before each name of a type that is used, not before names in definitions
-- Errors: EM301 no type
declare
    v_word text;
    v_space text;
    v_names jsonb;
    v_item jsonb;
    v_inner record;
    v_field text;
    v_trees text[] := '{}'::text[];
    v_labels text[] := '{}'::text[];
    v_twice text;
begin
    if p_depth > 64 then
        perform registry.avro_refuse(p_path, 'the schema is nested more than 64 deep');
    end if;
    v_word := case jsonb_typeof(p_json) when 'string' then p_json #>> '{}'
        when 'object' then case when jsonb_typeof(p_json -> 'type') = 'string' then p_json ->> 'type' end end;
    if jsonb_typeof(p_json) = 'array' then
        label := 'union';
        for v_item in select a from jsonb_array_elements(p_json) a loop
            if jsonb_typeof(v_item) = 'array' then
                perform registry.avro_refuse(p_path, 'a union holds no union');
            end if;
            select t.tree, t.label into v_inner from registry.avro_type(v_item, p_namespace, p_path, p_depth + 1, p_mark) t;
            v_trees := array_append(v_trees, v_inner.tree);
            v_labels := array_append(v_labels, v_inner.label);
        end loop;
        select l into v_twice from unnest(v_labels) l group by l having count(*) > 1 limit 1;
        if found then
            perform registry.avro_refuse(p_path, format('%s is there twice in a union', v_twice));
        end if;
        tree := '[' || array_to_string(v_trees, ',') || ']';
        return;
    elsif v_word is null then
        perform registry.avro_refuse(p_path, case
            when jsonb_typeof(p_json) <> 'object' then format('a type is a name, an object or a union, not %s', left(p_json::text, 40))
            when p_json ? 'type' then '"type" is a word here, no object or array'
            else 'an object that is to be a type has no "type"' end);
    elsif v_word in ('null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string') then
        label := v_word;
        tree := case when jsonb_typeof(p_json) = 'string' or p_json - 'type' = '{}' then '"' || v_word || '"' else p_json::text end;
        return;
    elsif jsonb_typeof(p_json) = 'string' or v_word not in ('record', 'error', 'enum', 'fixed', 'array', 'map') then
        -- A name, as it is or in an object: {"type": "a.b.C"}.
        label := registry.avro_full_name(v_word, p_namespace);
        if not registry.avro_is_name(v_word, true) then
            perform registry.avro_refuse(p_path, format('type "%s" is not defined, and is no name', left(v_word, 100)));
        end if;
        tree := '"' || p_mark || label || '"';
        return;
    end if;

    if v_word in ('array', 'map') then
        label := v_word;
        v_field := case v_word when 'array' then 'items' else 'values' end;
        if not p_json ? v_field then
            perform registry.avro_refuse(p_path, format('the %s has no "%s"', v_word, v_field));
        end if;
        select t.tree into v_inner from registry.avro_type(p_json -> v_field, p_namespace, p_path || '[]', p_depth + 1, p_mark) t;
        tree := left((p_json - v_field)::text, -1) || ',"' || v_field || '":' || v_inner.tree || '}';
        return;
    end if;
    v_names := registry.avro_names(p_json, p_namespace, p_path);
    label := v_names ->> 'name';
    if v_word = 'enum' then
        if jsonb_typeof(p_json -> 'symbols') is distinct from 'array' then
            perform registry.avro_refuse(p_path, format('enum %s has no "symbols"', label));
        end if;
        select a into v_item from jsonb_array_elements(p_json -> 'symbols') a
        where jsonb_typeof(a) <> 'string' or not registry.avro_is_name(a #>> '{}') limit 1;
        if found then
            perform registry.avro_refuse(p_path, format('%s is no name for a symbol of enum %s', left(v_item::text, 100), label));
        end if;
        select a into v_twice from jsonb_array_elements_text(p_json -> 'symbols') a group by a having count(*) > 1 limit 1;
        if found then
            perform registry.avro_refuse(p_path, format('symbol %s is there twice in enum %s', v_twice, label));
        end if;
        if p_json ? 'default' and (jsonb_typeof(p_json -> 'default') <> 'string' or not p_json -> 'symbols' ? (p_json ->> 'default')) then
            perform registry.avro_refuse(p_path, format('the default of enum %s is none of its symbols', label));
        end if;
    elsif v_word = 'fixed' then
        if jsonb_typeof(p_json -> 'size') is distinct from 'number' or (p_json ->> 'size')::numeric not between 0 and 2147483647
            or (p_json ->> 'size')::numeric % 1 <> 0 then
            perform registry.avro_refuse(p_path, format('fixed %s has no "size", a whole number of bytes from 0 to 2147483647', label));
        end if;
        v_names := v_names || jsonb_build_object('size', (p_json ->> 'size')::numeric::bigint);
    else
        v_space := case when strpos(label, '.') > 0 then regexp_replace(label, '\.[^.]*$', '') else '' end;
        if jsonb_typeof(p_json -> 'fields') is distinct from 'array' then
            perform registry.avro_refuse(p_path, format('record %s has no "fields"', label));
        end if;
        for v_item in select a from jsonb_array_elements(p_json -> 'fields') a loop
            v_field := registry.avro_field_name(v_item, label, p_path);
            select t.tree into v_inner from registry.avro_type(v_item -> 'type', v_space,
                case when p_path = '' then '' else p_path || '.' end || v_field, p_depth + 1, p_mark) t;
            v_trees := array_append(v_trees, left((v_item - 'type')::text, -1) || ',"type":' || v_inner.tree || '}');
            v_labels := array_append(v_labels, v_field);
        end loop;
        select l into v_twice from unnest(v_labels) l group by l having count(*) > 1 limit 1;
        if found then
            perform registry.avro_refuse(p_path, format('record %s has two fields %s', label, v_twice));
        end if;
        tree := left((p_json - '{namespace,aliases,fields}'::text[] || v_names)::text, -1)
            || ',"fields":[' || array_to_string(v_trees, ',') || ']}';
        return;
    end if;
    tree := p_json - '{namespace,aliases}'::text[] || v_names;
end
$$;
