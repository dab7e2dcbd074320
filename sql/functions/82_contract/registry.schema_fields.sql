create or replace function registry.schema_fields(p_tree jsonb)
returns table (field text, field_type jsonb, is_optional boolean, is_parent boolean)
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- The fields of an Avro schema whose root is a record, those of records within records, too, outer ones first.
--   p_tree       as registry.avro_parsed() gives it
--   field        names from the root, with dots
--   field_type   without null, a name that was defined before as its definition; a list where a union has several types
--   is_optional  whether it may be null, itself or a record that it is in
--   is_parent    whether its fields follow; a record within itself has none the second time
declare
    v_named jsonb := '{}'::jsonb;
    v_queue jsonb := jsonb_build_array(jsonb_build_object('type', p_tree, 'path', null, 'optional', false, 'within', '[]'::jsonb));
    v_types jsonb := jsonb_build_array(p_tree);
    v_next jsonb;
    v_type jsonb;
    v_name text;
    v_optional boolean;
begin
    -- Definitions, wherever they are.
    while jsonb_array_length(v_types) > 0 loop
        v_type := v_types -> 0;
        v_types := v_types - 0;
        if jsonb_typeof(v_type) = 'array' then
            v_types := v_type || v_types;
        elsif jsonb_typeof(v_type) = 'object' then
            if v_type ? 'name' then
                v_named := v_named || jsonb_build_object(v_type ->> 'name', v_type);
            end if;
            v_types := coalesce((select jsonb_agg(f -> 'type' order by place)
                    from jsonb_array_elements(case when jsonb_typeof(v_type -> 'fields') = 'array' then v_type -> 'fields' else '[]' end)
                        with ordinality as t (f, place)), '[]')
                || case when v_type ? 'items' then jsonb_build_array(v_type -> 'items') else '[]' end
                || case when v_type ? 'values' then jsonb_build_array(v_type -> 'values') else '[]' end
                || v_types;
        end if;
    end loop;

    while jsonb_array_length(v_queue) > 0 loop
        v_next := v_queue -> 0;
        v_queue := v_queue - 0;
        v_type := v_next -> 'type';
        v_optional := (v_next ->> 'optional')::boolean;
        if jsonb_typeof(v_type) = 'array' then
            v_optional := v_optional or v_type @> '["null"]';
            v_type := (select coalesce(jsonb_agg(t.branch order by t.place), '[]')
                from jsonb_array_elements(v_type) with ordinality as t (branch, place) where t.branch <> '"null"');
            v_type := case when jsonb_array_length(v_type) = 1 then v_type -> 0 else v_type end;
        end if;
        if jsonb_typeof(v_type) = 'string' then
            v_type := coalesce(v_named -> (v_type #>> '{}'), v_type);
        end if;
        v_name := v_type ->> 'name';
        is_parent := v_type ->> 'type' in ('record', 'error') and jsonb_array_length(v_type -> 'fields') > 0
            and not v_next -> 'within' @> to_jsonb(v_name);
        is_parent := coalesce(is_parent, false);
        if v_next ->> 'path' is not null then
            field := v_next ->> 'path';
            field_type := v_type;
            is_optional := v_optional;
            return next;
        end if;
        if is_parent then
            v_queue := (select jsonb_agg(jsonb_build_object('type', f -> 'type', 'path', concat_ws('.', v_next ->> 'path', f ->> 'name'),
                        'optional', v_optional, 'within', v_next -> 'within' || to_jsonb(v_name)) order by place)
                    from jsonb_array_elements(v_type -> 'fields') with ordinality as t (f, place))
                || v_queue;
        end if;
    end loop;
end
$$;
