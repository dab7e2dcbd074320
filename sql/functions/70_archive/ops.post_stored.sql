create or replace function ops.post_stored(
    p_batch ops.batch, p_run bigint, p_stored bigint, p_first_at timestamptz, p_last_at timestamptz
) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Posts to the archive what a run has just stored of a batch of events, where the feed's are saved there and the archive is on.
-- May be called for a batch more than once: a part of it each time.
--   p_first_at, p_last_at   the earliest and the latest timestamp_stamp: in which days they are
-- Writes: ops.archive_pending
begin
    insert into ops.archive_pending as a (kind, batch_id, run_id, feed, day, records, first_at, last_at)
    select 'event', p_batch.batch_id, p_run, f.feed, p_batch.received_on, p_stored, p_first_at, p_last_at
    from ops.feed f
    where f.feed = p_batch.feed and f.archives_stored and p_stored > 0 and ops.setting_value('archive.enabled') = 'on'
    on conflict on constraint archive_pending_pkey do update
    set records = a.records + excluded.records, first_at = least(a.first_at, excluded.first_at),
        last_at = greatest(a.last_at, excluded.last_at);
end
$$;
