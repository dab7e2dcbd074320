create or replace function registry.avro_nodes(p_tree jsonb)
returns table (place integer[], path text, tree jsonb, is_definition boolean, name text)
language sql immutable parallel safe as $$
    -- Where a tree of avro_type has a named type: the definitions, and the references, which are strings. And what is too deep.
    --   place  orders as the text does: a definition's is a prefix of what is in it
    --   path   by fields, for messages
    with recursive node (place, path, tree) as (
        select '{}'::integer[], '', p_tree
        union all
        select n.place || c.place::integer, n.path || c.step, c.tree
        from node n
        cross join lateral (
            select b.place, '' as step, b.tree
            from jsonb_array_elements(case when jsonb_typeof(n.tree) = 'array' then n.tree end) with ordinality as b (tree, place)
            union all
            select f.place, case when n.path = '' then '' else '.' end || (f.field ->> 'name'), f.field -> 'type'
            from jsonb_array_elements(case when n.tree ->> 'type' in ('record', 'error') then n.tree -> 'fields' end)
                with ordinality as f (field, place)
            union all
            select 1, '[]', n.tree -> case n.tree ->> 'type' when 'array' then 'items' else 'values' end
            where n.tree ->> 'type' in ('array', 'map')
        ) c
        where jsonb_typeof(n.tree) <> 'string' and cardinality(n.place) <= 64
    )
    select n.place, n.path, n.tree, coalesce(n.tree ->> 'type' in ('record', 'error', 'enum', 'fixed'), false), registry.avro_label(n.tree)
    from node n
    where n.tree ->> 'type' in ('record', 'error', 'enum', 'fixed')
        or jsonb_typeof(n.tree) = 'string'
            and n.tree #>> '{}' not in ('null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string')
        or cardinality(n.place) > 64
$$;
