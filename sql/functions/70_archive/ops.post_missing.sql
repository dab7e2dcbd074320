create or replace function ops.post_missing() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set work_mem = '64MB'
as $$
-- Posts to the archive what ops.archive_balance() misses altogether, as batches are that were promoted while the archive was off;
-- gives how many records those are. Of what a run made of a batch either all is in the archive or nothing, so nothing is
-- posted twice. Reads all events and rejects of the batches it posts.
-- Writes: ops.archive_pending
declare
    v_batches bigint[];
    v_letters bigint[];
    v_records bigint;
begin
    -- Sealing moves what is posted from pending to pieces; looked at in the midst of that it is in neither.
    perform pg_advisory_xact_lock(hashtextextended('ops.seal_archive', 0));
    v_batches := array(select b.batch_id from ops.archive_balance() b where b.kind = 'event' and b.booked > b.archived + b.pending);
    v_letters := array(select b.batch_id from ops.archive_balance() b where b.kind = 'dead_letter');
    with made as (
        select 'event' as kind, e.batch_id, coalesce(e.run_id, 0) as run_id, count(*) as records, min(e.timestamp_stamp) as first_at,
            max(e.timestamp_stamp) as last_at
        from public.events e
        where e.batch_id = any (v_batches)
        group by e.batch_id, coalesce(e.run_id, 0)
        union all
        select 'dead_letter', r.batch_id, r.run_id, count(*), null, null
        from staging.reject r
        where r.batch_id = any (v_letters) and r.disposition = 'rejected'
        group by r.batch_id, r.run_id
    ), posted as (
        insert into ops.archive_pending (kind, batch_id, run_id, feed, day, records, first_at, last_at)
        select m.kind, m.batch_id, m.run_id, b.feed, b.received_on, m.records, m.first_at, m.last_at
        from made m
        join ops.batch b using (batch_id)
        where not exists (
            select from ops.archive_piece p join ops.archive_object o using (object_id)
            where (p.batch_id, p.run_id, o.kind) = (m.batch_id, m.run_id, m.kind))
        on conflict on constraint archive_pending_pkey do nothing
        returning records
    )
    select coalesce(sum(records), 0) into v_records from posted;
    return v_records;
end
$$;
