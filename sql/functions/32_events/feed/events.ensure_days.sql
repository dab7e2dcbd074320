create or replace function events.ensure_days(p_batch ops.batch, p_letters boolean, p_window tstzrange) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set plan_cache_mode = auto
set jit = off  -- the price of a scan that is off would call for it
set work_mem = '64MB'
set enable_nestloop = off  -- statistics take an unseen batch for one row: a nested loop over it would never end
set enable_seqscan = off  -- and find no use in the BRIN index that spares reading the other batches
as $$
-- Sees to it that the events of a batch that are to be stored have the partitions of their days.
-- Writes: partitions of public.events
begin
    perform events.ensure_partitions(
        array(
            select min(j.timestamp_stamp)
            from events.judged_events(p_letters, p_batch.batch_id, p_batch.slot, 0, 9223372036854775807, p_window) j
            where j.clean
            group by (j.timestamp_stamp at time zone 'UTC')::date),
        p_batch.received_at);
end
$$;
