create or replace function events.forget_messages() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC'
set enable_seqscan = off  -- days lie together: BRIN
as $$
-- Takes those messages out of the ledger that are past retention and whose day has been dropped, and off the books of their
-- batches (ops.batch.expired); gives their number. One that comes again later is refused as too old, by events.batch_window(),
-- so nothing is stored twice. While the day is there, its ledger is, too.
-- Writes: events.message, ops.batch
declare
    v_kept timestamptz := date_trunc('day', clock_timestamp() - ops.setting_value('events.retention')::interval);
    v_first timestamptz;
    v_count bigint;
begin
    select min(substring(pg_get_expr(c.relpartbound, c.oid) from $r$FROM \('([^']*)'\)$r$)::timestamptz) into v_first
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.events'::regclass;
    with gone as (
        delete from events.message where timestamp_stamp < least(v_kept, v_first) returning batch_id
    ), booked as (
        update ops.batch b
        set expired = b.expired + g.messages
        from (select batch_id, count(*) as messages from gone group by batch_id) g
        where b.batch_id = g.batch_id
    )
    select count(*) into v_count from gone;
    return v_count;
end
$$;
