create or replace function registry.avro_inlined(p_tree text, p_known jsonb, p_mark text) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- A tree's text in which each type of p_known stands where it is first used, and what it uses in it likewise.
--   p_tree   as of avro_type
--   p_known  array of trees; types that several of them define must be the same
--   p_mark   what is before each name of a type that is used, and nowhere else in any of the texts
-- Errors: EM301 references contradict one another, or definitions are nested too deep
declare
    v_types jsonb;
    v_torn text;
    -- The bodies, each cut at its names, one after another. A piece is a name, null at a body's beginning, and the text after it.
    v_names text[];
    v_texts text[];
    v_first integer[];
    v_last integer[];
    v_numbers jsonb;
    v_is_written boolean[] := '{}'::boolean[];
    v_out text[] := '{}'::text[];
    -- The bodies that are being written, each within the one before it: the piece that is next, and whether its name is written.
    v_top integer := 1;
    v_next integer[];
    v_end integer[];
    v_name_done boolean[] := '{f}'::boolean[];
    v_type integer;
begin
    with definition as (
        select d.name, k.n, d.place, (registry.avro_shallow(d.tree, true, p_mark) - 'namespace')
            || case when strpos(d.name, '.') = 0 then '{"namespace": ""}'::jsonb else '{}' end as body
        from jsonb_array_elements(p_known) with ordinality as k (tree, n)
        cross join lateral registry.avro_nodes(k.tree) d
        where d.is_definition
    ), named as (
        select d.name, (array_agg(d.body order by d.n, d.place))[1] as body, count(distinct d.body) > 1 as is_torn
        from definition d group by d.name
    )
    select coalesce(jsonb_object_agg(n.name, n.body), '{}'), min(n.name) filter (where n.is_torn) into v_types, v_torn
    from named n;
    if v_torn is not null then
        perform registry.avro_refuse('', format('two references define %s, and not the same', v_torn));
    end if;

    -- Body 1 is the tree itself.
    with body (type, name, body) as (
        select 1, null, p_tree
        union all
        select 1 + row_number() over (order by e.key)::integer, e.key, e.value::text from jsonb_each(v_types) e
    ), piece as (
        select row_number() over (order by b.type, p.n)::integer as piece, b.type, b.name as body_name,
            case when p.n > 1 then split_part(p.part, '"', 1) end as name,
            case when p.n > 1 then substr(p.part, strpos(p.part, '"') + 1) else p.part end as text
        from body b
        cross join lateral string_to_table(b.body, '"' || p_mark) with ordinality as p (part, n)
    ), extent as (
        select p.type, p.body_name, min(p.piece) as first, max(p.piece) as last from piece p group by p.type, p.body_name
    )
    select (select array_agg(p.name order by p.piece) from piece p), (select array_agg(p.text order by p.piece) from piece p),
        array_agg(e.first order by e.type), array_agg(e.last order by e.type),
        coalesce(jsonb_object_agg(e.body_name, e.type) filter (where e.type > 1), '{}')
    into v_names, v_texts, v_first, v_last, v_numbers
    from extent e;

    v_next := v_first[1:1];
    v_end := v_last[1:1];
    while v_top > 0 loop
        if v_next[v_top] > v_end[v_top] then
            v_top := v_top - 1;
            continue;
        end if;
        if v_names[v_next[v_top]] is not null and not v_name_done[v_top] then
            v_type := (v_numbers ->> v_names[v_next[v_top]])::integer;
            v_name_done[v_top] := true;
            if v_type is null or v_is_written[v_type] then
                v_out := array_append(v_out, '"' || v_names[v_next[v_top]] || '"');
            else
                if v_top > 64 then
                    perform registry.avro_refuse('', 'with all that it refers to, the schema is nested more than 64 deep');
                end if;
                v_is_written[v_type] := true;
                v_top := v_top + 1;
                v_next[v_top] := v_first[v_type];
                v_end[v_top] := v_last[v_type];
                v_name_done[v_top] := false;
                continue;
            end if;
        end if;
        v_out := array_append(v_out, v_texts[v_next[v_top]]);
        v_next[v_top] := v_next[v_top] + 1;
        v_name_done[v_top] := false;
    end loop;
    return array_to_string(v_out, '');
end
$$;
