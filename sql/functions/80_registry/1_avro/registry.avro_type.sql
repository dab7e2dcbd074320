create or replace function registry.avro_type(p_json jsonb, p_namespace text, p_path text, p_depth integer) returns jsonb
language plpgsql immutable parallel safe as $$
-- One type of a schema, and what is in it, with names in full: what avro_parsed says, but for what is to be seen of all types
-- together only: whether names are defined, and once, and whether defaults fit.
--   p_namespace  of the definition around; '' for none
--   p_path       where it is, for messages
-- Errors: EM301 no type
declare
    v_word text;
    v_space text;
    v_names jsonb;
    v_item jsonb;
    v_field text;
    v_items jsonb[] := '{}'::jsonb[];
    v_twice text;
begin
    if p_depth > 64 then
        perform registry.avro_refuse(p_path, 'the schema is nested more than 64 deep');
    end if;
    if jsonb_typeof(p_json) = 'string' then
        return to_jsonb(registry.avro_full_name(p_json #>> '{}', p_namespace));
    elsif jsonb_typeof(p_json) = 'array' then
        for v_item in select a from jsonb_array_elements(p_json) a loop
            if jsonb_typeof(v_item) = 'array' then
                perform registry.avro_refuse(p_path, 'a union holds no union');
            end if;
            v_items := array_append(v_items, registry.avro_type(v_item, p_namespace, p_path, p_depth + 1));
        end loop;
        select registry.avro_label(a) into v_twice from unnest(v_items) a group by 1 having count(*) > 1 limit 1;
        if found then
            perform registry.avro_refuse(p_path, format('%s is there twice in a union', v_twice));
        end if;
        return to_jsonb(v_items);
    elsif jsonb_typeof(p_json) <> 'object' then
        perform registry.avro_refuse(p_path, format('a type is a name, an object or a union, not %s', left(p_json::text, 40)));
    end if;

    if jsonb_typeof(p_json -> 'type') is distinct from 'string' then
        perform registry.avro_refuse(p_path, case when p_json ? 'type' then '"type" is a word here, no object or array'
            else 'an object that is to be a type has no "type"' end);
    end if;
    v_word := p_json ->> 'type';
    case v_word
    when 'null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string' then
        return case when p_json - 'type' = '{}' then to_jsonb(v_word) else p_json end;
    when 'array', 'map' then
        v_field := case v_word when 'array' then 'items' else 'values' end;
        if not p_json ? v_field then
            perform registry.avro_refuse(p_path, format('the %s has no "%s"', v_word, v_field));
        end if;
        return p_json || jsonb_build_object(v_field,
            registry.avro_type(p_json -> v_field, p_namespace, p_path || '[]', p_depth + 1));
    when 'enum' then
        v_names := registry.avro_names(p_json, p_namespace, p_path);
        if jsonb_typeof(p_json -> 'symbols') is distinct from 'array' then
            perform registry.avro_refuse(p_path, format('enum %s has no "symbols"', v_names ->> 'name'));
        end if;
        select a into v_item from jsonb_array_elements(p_json -> 'symbols') a
        where jsonb_typeof(a) <> 'string' or not registry.avro_is_name(a #>> '{}') limit 1;
        if found then
            perform registry.avro_refuse(p_path, format('%s is no name for a symbol of enum %s', left(v_item::text, 100), v_names ->> 'name'));
        end if;
        select a #>> '{}' into v_twice from jsonb_array_elements(p_json -> 'symbols') a group by a having count(*) > 1 limit 1;
        if found then
            perform registry.avro_refuse(p_path, format('symbol %s is there twice in enum %s', v_twice, v_names ->> 'name'));
        end if;
        if p_json ? 'default' and (jsonb_typeof(p_json -> 'default') <> 'string' or not p_json -> 'symbols' ? (p_json ->> 'default')) then
            perform registry.avro_refuse(p_path, format('the default of enum %s is none of its symbols', v_names ->> 'name'));
        end if;
        return p_json - '{namespace,aliases}'::text[] || v_names;
    when 'fixed' then
        v_names := registry.avro_names(p_json, p_namespace, p_path);
        if jsonb_typeof(p_json -> 'size') is distinct from 'number' or (p_json ->> 'size')::numeric not between 0 and 2147483647
            or (p_json ->> 'size')::numeric % 1 <> 0 then
            perform registry.avro_refuse(p_path, format('fixed %s has no "size", a whole number of bytes from 0 to 2147483647', v_names ->> 'name'));
        end if;
        return p_json - '{namespace,aliases}'::text[] || v_names || jsonb_build_object('size', (p_json ->> 'size')::bigint);
    when 'record', 'error' then
        v_names := registry.avro_names(p_json, p_namespace, p_path);
        v_space := case when strpos(v_names ->> 'name', '.') > 0 then regexp_replace(v_names ->> 'name', '\.[^.]*$', '') else '' end;
        if jsonb_typeof(p_json -> 'fields') is distinct from 'array' then
            perform registry.avro_refuse(p_path, format('record %s has no "fields"', v_names ->> 'name'));
        end if;
        for v_item in select a from jsonb_array_elements(p_json -> 'fields') a loop
            v_field := case when jsonb_typeof(v_item -> 'name') = 'string' then v_item ->> 'name' end;
            if not registry.avro_is_name(v_field) then
                perform registry.avro_refuse(p_path, format('a field of record %s %s', v_names ->> 'name',
                    case when v_field is null then 'has no "name"' else format('is called "%s", which is no name', left(v_field, 100)) end));
            end if;
            v_field := case when p_path = '' then '' else p_path || '.' end || v_field;
            if not v_item ? 'type' then
                perform registry.avro_refuse(v_field, 'it has no "type"');
            end if;
            if v_item ? 'aliases' then
                if jsonb_typeof(v_item -> 'aliases') <> 'array' then
                    perform registry.avro_refuse(v_field, 'its aliases are no array');
                end if;
                if exists (select from jsonb_array_elements(v_item -> 'aliases') a
                    where jsonb_typeof(a) <> 'string' or not registry.avro_is_name(a #>> '{}')) then
                    perform registry.avro_refuse(v_field, 'an alias of it is no name');
                end if;
            end if;
            v_items := array_append(v_items,
                v_item || jsonb_build_object('type', registry.avro_type(v_item -> 'type', v_space, v_field, p_depth + 1)));
        end loop;
        select a ->> 'name' into v_twice from unnest(v_items) a group by 1 having count(*) > 1 limit 1;
        if found then
            perform registry.avro_refuse(p_path, format('record %s has two fields %s', v_names ->> 'name', v_twice));
        end if;
        return p_json - '{namespace,aliases}'::text[] || v_names || jsonb_build_object('fields', to_jsonb(v_items));
    else
        -- A name of a type, in an object: {"type": "a.b.C"}.
        return to_jsonb(registry.avro_full_name(v_word, p_namespace));
    end case;
end
$$;
