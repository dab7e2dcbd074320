create or replace function registry.schema_fields(p_tree jsonb)
returns table (field text, field_type jsonb, is_optional boolean, is_parent boolean)
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- The fields of an Avro schema whose root is a record, those of records within records, too, outer ones first.
--   p_tree       as registry.avro_parsed() gives it
--   field        names from the root, with dots
--   field_type   without null, a name as its definition, in which others are names; a list where a union has several types
--   is_optional  whether it may be null, itself or a record that it is in
--   is_parent    whether its fields follow; a record within itself has none the second time
-- Errors: EM321 more fields than a table could ever take: records that are used again and again multiply
declare
    c_most constant integer := 10000;
    v_named jsonb := registry.avro_types(p_tree);
    -- What is still to be looked at, the next one on top.
    v_types jsonb[] := array[registry.avro_shallow(p_tree, false)];
    v_paths text[] := array[null::text];
    v_optionals boolean[] := array[false];
    v_within text[] := array[' '];
    v_top integer := 1;
    v_count integer := 0;
    v_type jsonb;
    v_path text;
    v_inside text;
    v_child jsonb;
begin
    while v_top > 0 loop
        v_type := v_types[v_top];
        v_path := v_paths[v_top];
        is_optional := v_optionals[v_top];
        v_inside := v_within[v_top];
        v_top := v_top - 1;
        if jsonb_typeof(v_type) = 'array' then
            is_optional := is_optional or v_type @> '["null"]';
            v_type := (select coalesce(jsonb_agg(t.branch order by t.place), '[]')
                from jsonb_array_elements(v_type) with ordinality as t (branch, place) where t.branch <> '"null"');
            v_type := case when jsonb_array_length(v_type) = 1 then v_type -> 0 else v_type end;
        end if;
        if jsonb_typeof(v_type) = 'string' then
            v_type := coalesce(v_named -> (v_type #>> '{}'), v_type);
        end if;
        is_parent := coalesce(v_type ->> 'type' in ('record', 'error') and jsonb_array_length(v_type -> 'fields') > 0
            and strpos(v_inside, format(' %s ', v_type ->> 'name')) = 0, false);
        if v_path is not null then
            v_count := v_count + 1;
            if v_count > c_most then
                raise exception using errcode = 'EM321', message = format('the schema has more than %s fields', c_most),
                    hint = 'a record counts wherever it is used';
            end if;
            field := v_path;
            field_type := v_type;
            return next;
        end if;
        if is_parent then
            v_inside := format('%s%s ', v_inside, v_type ->> 'name');
            for v_child in
                select t.child from jsonb_array_elements(v_type -> 'fields') with ordinality as t (child, place) order by t.place desc
            loop
                v_top := v_top + 1;
                v_types[v_top] := v_child -> 'type';
                v_paths[v_top] := concat_ws('.', v_path, v_child ->> 'name');
                v_optionals[v_top] := is_optional;
                v_within[v_top] := v_inside;
            end loop;
        end if;
    end loop;
end
$$;
