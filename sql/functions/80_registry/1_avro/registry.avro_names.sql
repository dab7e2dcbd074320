create or replace function registry.avro_names(p_json jsonb, p_namespace text, p_path text) returns jsonb
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- The members that name a type: its full name, its aliases' full names where it has any, and "namespace": "" for a name without
-- one inside of another's namespace, which it would else be taken to be in.
-- Errors: EM301 no names
declare
    v_name text;
    v_space text := p_namespace;
    v_full text;
    v_aliases jsonb;
begin
    if jsonb_typeof(p_json -> 'name') is distinct from 'string' then
        perform registry.avro_refuse(p_path, format('the %s has no "name"', p_json ->> 'type'));
    end if;
    v_name := p_json ->> 'name';
    if p_json ? 'namespace' then
        v_space := p_json ->> 'namespace';
        if jsonb_typeof(p_json -> 'namespace') <> 'string' or v_space <> '' and not registry.avro_is_name(v_space, true) then
            perform registry.avro_refuse(p_path, format('%s is no namespace', left(p_json ->> 'namespace', 100)));
        end if;
    end if;
    if not registry.avro_is_name(v_name, true) then
        perform registry.avro_refuse(p_path, format('"%s" is no name for a type', left(v_name, 100)));
    end if;
    if regexp_replace(v_name, '^.*\.', '') in ('null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string') then
        perform registry.avro_refuse(p_path, format('"%s" is the name of a primitive type', v_name));
    end if;
    v_full := registry.avro_full_name(v_name, v_space);
    v_space := case when strpos(v_full, '.') > 0 then regexp_replace(v_full, '\.[^.]*$', '') else '' end;
    if p_json ? 'aliases' then
        if jsonb_typeof(p_json -> 'aliases') <> 'array' then
            perform registry.avro_refuse(p_path, format('the aliases of %s are no array', v_full));
        end if;
        if exists (select from jsonb_array_elements(p_json -> 'aliases') a
            where jsonb_typeof(a) <> 'string' or not registry.avro_is_name(a #>> '{}', true)) then
            perform registry.avro_refuse(p_path, format('an alias of %s is no name', v_full));
        end if;
        select jsonb_agg(case when v_space = '' or strpos(a, '.') > 0 then a else v_space || '.' || a end order by n)
        into v_aliases
        from jsonb_array_elements_text(p_json -> 'aliases') with ordinality as t (a, n);
    end if;
    return jsonb_build_object('name', v_full)
        || case when v_aliases is null then '{}' else jsonb_build_object('aliases', v_aliases) end
        || case when v_space = '' and p_namespace <> '' then '{"namespace": ""}'::jsonb else '{}' end;
end
$$;
