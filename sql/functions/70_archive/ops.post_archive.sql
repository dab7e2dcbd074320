create or replace function ops.post_archive(p_result ops.promotion, p_run bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Posts to the archive what a run made of a batch, in the transaction that did it, where the archive is on: what it stored of
-- feeds whose records are saved there, unless ops.post_stored() has, and what it rejected of any feed. A replay has a run of its
-- own, so it posts what it stores and rejects beside what was posted before.
-- Writes: ops.archive_pending
begin
    insert into ops.archive_pending (kind, batch_id, run_id, feed, day, records)
    select k.kind, b.batch_id, p_run, b.feed, b.received_on, k.records
    from (values ('event', p_result.stored), ('dead_letter', p_result.rejected)) as k (kind, records)
    cross join ops.batch b
    join ops.feed f using (feed)
    where b.batch_id = p_result.batch_id and k.records > 0 and (k.kind = 'dead_letter' or f.archives_stored)
        and ops.setting_value('archive.enabled') = 'on'
    on conflict on constraint archive_pending_pkey do nothing;
end
$$;
