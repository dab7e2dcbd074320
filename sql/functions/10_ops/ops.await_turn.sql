create or replace function ops.await_turn(p_batch ops.batch) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Waits until every earlier batch of the lane is promoted, so that batches are judged side by side but stored in order:
-- one result whatever the timing. Feeds that commute do not wait. Waiting goes from later batches to earlier ones only,
-- so it cannot deadlock.
-- Errors: EM003 an earlier batch is landed and nobody is promoting it
declare
    v_earlier bigint;
begin
    if (select commutes from ops.feed where feed = p_batch.feed) then
        return;
    end if;
    -- The share lock waits for whoever promotes the batch; once he has committed, the row is 'landed' no longer and
    -- falls out. A row that is left was given up: its promoter rolled back, or nobody ever claimed it.
    for v_earlier in
        select batch_id
        from ops.batch
        where feed = p_batch.feed and lane = p_batch.lane and state = 'landed' and batch_id < p_batch.batch_id
        order by batch_id
        for share
    loop
        raise exception using errcode = 'EM003',
            message = format('batch %s waits for batch %s, which nobody is promoting', p_batch.batch_id, v_earlier),
            hint = 'promote in order, by ops.promote_next()';
    end loop;
end
$$;
