create or replace function registry.avro_parsed(p_text text, p_known jsonb default '[]') returns jsonb
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
-- An Avro schema (specification 1.11) as a tree that needs no other: every name in full, without "namespace" (but for "" where a
-- name has none within another's), a type's definition where it is first used and its name after that, a primitive type as a
-- string unless more is said of it. What is no part of Avro stays.
--   p_known  array of such trees: their types may be used by name, and are then in the tree
-- Errors: EM301 it is none; the message says what is wrong and where
declare
    v_json jsonb;
    v_bare text;
    v_mark text;
    v_text text;
    v_tree jsonb;
    v_types jsonb;
    v_problem text;
    v_path text;
    v_field record;
    -- A second's work, or more than fifty thousand values.
    v_left bigint := 15000000;
    c_string constant text := '"(?:[^"\\]|\\.)*"';
begin
    if octet_length(p_text) > 1048576 then
        perform registry.avro_refuse('', 'the schema is larger than 1 MiB');
    end if;
    begin
        v_json := p_text::jsonb;
    exception
        when data_exception then
            get stacked diagnostics v_problem = pg_exception_detail;
            raise exception using errcode = 'EM301', message = 'the schema is no JSON that can be kept: ' || sqlerrm, detail = v_problem,
                hint = 'a schema is JSON as the Apache Avro specification, 1.11, has it';
        when statement_too_complex then
            raise exception using errcode = 'EM301', message = 'the schema''s JSON is nested too deep',
                hint = 'a schema is nested at most 64 deep';
    end;
    if v_json is null then
        perform registry.avro_refuse('', 'there is no schema');
    end if;
    -- jsonb would write them out, digit by digit.
    v_bare := regexp_replace(p_text, c_string, '', 'g');
    if v_bare ~ '[eE][+-]?0*([4-9][0-9]{2}|[1-9][0-9]{3})' then
        perform registry.avro_refuse('', 'a number in the schema is out of the range of double');
    end if;
    -- A second member of one name is lost in jsonb: there are fewer colons outside of strings then.
    if length(regexp_replace(v_bare, '[^:]+', '', 'g'))
        <> length(regexp_replace(regexp_replace(v_json::text, c_string, '', 'g'), '[^:]+', '', 'g')) then
        perform registry.avro_refuse('', 'a JSON object in the schema has a member twice');
    end if;
    -- A text cannot have its own digest in it.
    v_mark := case when coalesce(p_known, '[]') = '[]' then '' else md5(p_text || p_known::text) || ':' end;
    select t.tree into v_text from registry.avro_type(v_json, '', '', 0, v_mark) t;
    if v_mark <> '' then
        v_text := registry.avro_inlined(v_text, p_known, v_mark);
    end if;
    if octet_length(v_text) > 4194304 then
        perform registry.avro_refuse('', 'with names in full and all that it refers to, the schema is larger than 4 MiB');
    end if;
    v_tree := v_text::jsonb;

    select n.path, case
        when cardinality(n.place) > 64 then 'the schema is nested more than 64 deep'
        when n.is_definition then format('%s is defined twice', n.name)
        else format('type "%s" is not defined here or before', left(n.name, 200)) end
    into v_path, v_problem
    from (
        select n.path, n.place, n.name, n.is_definition, min(n.place) filter (where n.is_definition) over (partition by n.name) as defined
        from registry.avro_nodes(v_tree) n
    ) n
    where cardinality(n.place) > 64 or n.defined is null or case when n.is_definition then n.place > n.defined else n.place < n.defined end
    order by n.place limit 1;
    if found then
        perform registry.avro_refuse(v_path, v_problem);
    end if;

    v_types := registry.avro_types(v_tree);
    for v_field in
        select n.path, f -> 'default' as value, f -> 'type' as type, f ->> 'name' as name
        from registry.avro_nodes(v_tree) n cross join lateral jsonb_array_elements(n.tree -> 'fields') f
        where n.is_definition and f ? 'default'
    loop
        select d.p_left, d.problem into v_left, v_problem
        from registry.avro_default_problem(v_field.value, registry.avro_shallow(v_field.type, false), v_types, 0, v_left) d;
        if v_problem is not null then
            perform registry.avro_refuse(case when v_field.path = '' then '' else v_field.path || '.' end || v_field.name,
                'its default does not fit: ' || v_problem);
        end if;
    end loop;
    return v_tree;
end
$$;
