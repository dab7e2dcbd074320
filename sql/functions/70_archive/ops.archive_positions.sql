create or replace function ops.archive_positions(
    p_kind text, p_batch bigint, p_run bigint, p_from bigint, p_to bigint, p_first_at timestamptz, p_last_at timestamptz
) returns table ("position" bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
set max_parallel_workers_per_gather = 0  -- a piece is small: starting workers takes longer
set enable_nestloop = off
set enable_seqscan = off  -- see events.store_range()
as $$
-- The positions of a piece of an object that the tables still have.
begin
    if p_kind = 'event' then
        return query execute ops.event_source('e.position', p_first_at, p_last_at) using p_batch, p_run, p_from, p_to;
    else
        return query
            select r.position
            from staging.reject r
            where r.received_on = (select received_on from ops.batch where batch_id = p_batch) and r.batch_id = p_batch
                and r.run_id = p_run and r.position between p_from and p_to and r.disposition = 'rejected'
            union all
            select k.position from ops.archive_kept k
            where k.batch_id = p_batch and k.run_id = p_run and k.position between p_from and p_to;
    end if;
end
$$;
