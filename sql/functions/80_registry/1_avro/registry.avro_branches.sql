create or replace function registry.avro_branches(p_reader jsonb, p_writer jsonb, p_readers jsonb, p_writers jsonb)
returns table (writer jsonb, reader jsonb)
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- For each of a writer's types the branch of a reader's union that it is read as: its own type, by full name if it has one; one
-- of its kind and unqualified name, or with its name for an alias; the first that it can be promoted to. Null: none.
--   p_reader  the union, p_writer an array of types, no unions
begin
    -- Joined by keys of one row each, so that two long unions are not gone through branch by branch.
    return query
    with mine as (
        select b.branch, b.n, registry.avro_label(b.branch) as label, registry.avro_kind(b.branch, p_readers) as kind
        from jsonb_array_elements(p_reader) with ordinality as b (branch, n)
    ), key as (
        select distinct on (k.kind, k.key) k.kind, k.key, k.rank, m.n, m.branch
        from mine m
        cross join lateral (
            select m.kind, m.label, 1
            union all
            select m.kind, 'simply ' || regexp_replace(m.label, '^.*\.', ''), 2 where p_readers ? m.label
            union all
            select m.kind, a.alias, 2 from jsonb_array_elements_text(p_readers -> m.label -> 'aliases') a (alias)
            union all
            select p.kind, p.kind, 3 from unnest('{int,long,float,string,bytes}'::text[]) p (kind)
            where registry.avro_promotes(p.kind, m.kind)
        ) k (kind, key, rank)
        order by k.kind, k.key, k.rank, m.n
    ), theirs as (
        select b.branch, b.n, registry.avro_label(b.branch) as label, registry.avro_kind(b.branch, p_writers) as kind
        from jsonb_array_elements(p_writer) with ordinality as b (branch, n)
    )
    select distinct on (t.n) t.branch, k.branch
    from theirs t
    cross join lateral (
        values (t.label), (case when p_writers ? t.label then 'simply ' || regexp_replace(t.label, '^.*\.', '') end)
    ) w (key)
    left join key k on k.kind = t.kind and k.key = w.key
    order by t.n, k.rank, k.n;
end
$$;
