create or replace function ops.reconcile(p_feed text)
returns table (batch_id bigint, what text, booked bigint, counted bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
-- Counts the rows themselves and gives every place where the books say otherwise; nothing when all is well.
--   stored, rejected, duplicate, pending   by batch, against the typed table, staging.reject and staging
--   file, snapshot                         records of a file, rows of a snapshot, against its batches; batch_id is null
--   offsets topic:partition                what ops.reconcile_offsets() finds
-- What is past retention has been taken off the books of stored rows (ops.batch.expired). Batches whose rejects are past retention are left out of the count of rejects.
-- Errors: EM010 feed is unknown
declare
    v_feed ops.feed%rowtype;
begin
    v_feed := ops.feed_named(p_feed);
    return query execute format(
        $sql$
        with b as (select * from ops.batch where feed = $1),
        stored as (select batch_id, count(*) as n from %1$s where batch_id is not null group by 1),
        refused as (
            select batch_id, count(*) filter (where disposition = 'rejected') as rejected,
                count(*) filter (where disposition = 'duplicate') as duplicate
            from staging.reject group by 1),
        pending as (
            select s.batch_id, count(*) as n from staging.%2$I s join b using (batch_id)
            where b.state = 'landed' and s.slot = b.slot group by 1),
        kept as (select min(to_date(right(inhrelid::regclass::text, 6), 'YYYYMM')) as since
            from pg_inherits where inhparent = 'staging.reject'::regclass),
        compared as (
            select b.batch_id, v.what, v.booked, v.counted
            from b
            left join stored using (batch_id)
            left join refused using (batch_id)
            left join pending using (batch_id)
            cross join kept
            cross join lateral (values
                ('stored', b.stored - b.expired, coalesce(stored.n, 0)),
                ('rejected', b.rejected, case when b.received_on >= kept.since then coalesce(refused.rejected, 0) else b.rejected end),
                ('duplicate', b.duplicate, case when b.received_on >= kept.since then coalesce(refused.duplicate, 0) else b.duplicate end),
                ('pending', b.received - b.stored - b.rejected - b.duplicate, coalesce(pending.n, 0))
            ) as v (what, booked, counted)
            union all
            select null, 'file ' || f.name, f.landed_records, coalesce(sum(b.received), 0)::bigint
            from ops.source_file f left join b using (source_file_id)
            where f.feed = $1
            group by f.source_file_id, f.name, f.landed_records
            union all
            select null, ops.snapshot_name(s.source, s.snapshot_id), s.landed, coalesce(sum(b.received), 0)::bigint
            from ops.snapshot s
            left join ops.snapshot_batch sb using (snapshot_id)
            left join b using (batch_id)
            where s.feed = $1
            group by s.snapshot_id, s.source, s.landed
        )
        select batch_id, what, booked, counted from compared where booked <> counted order by 1, 2
        $sql$, ops.qualified(v_feed.stored_table), v_feed.staging_table)
    using p_feed;
    return query select o.batch_id, o.what, o.booked, o.counted from ops.reconcile_offsets(p_feed) o;
end
$$;
