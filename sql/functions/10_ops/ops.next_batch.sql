create or replace function ops.next_batch(p_feed ops.feed) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Locks the landed batch to promote next, until the end of the transaction, and gives its number; null when nobody else
-- has left one. Of a feed that does not commute first the earliest with none before it in its lane, so that lanes are
-- promoted side by side; else the earliest: it is judged meanwhile, and stored in its turn by ops.await_turn().
declare
    v_batch bigint;
begin
    if not p_feed.commutes then
        with recursive head as (
            (select lane, batch_id from ops.batch
                where feed = p_feed.feed and state = 'landed' order by lane, batch_id limit 1)
            union all
            select n.lane, n.batch_id
            from head h
            cross join lateral (
                select lane, batch_id from ops.batch
                where feed = p_feed.feed and state = 'landed' and lane > h.lane order by lane, batch_id limit 1) n
        )
        select b.batch_id into v_batch
        from ops.batch b
        where b.batch_id in (select h.batch_id from head h) and b.state = 'landed'
        order by b.batch_id
        limit 1
        for update of b skip locked;
    end if;
    if v_batch is null then
        select batch_id into v_batch
        from ops.batch
        where feed = p_feed.feed and state = 'landed'
        order by batch_id
        limit 1
        for update skip locked;
    end if;
    return v_batch;
end
$$;
