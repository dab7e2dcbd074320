create or replace function events.store_range(
    p_batch ops.batch, p_run bigint, p_letters boolean, p_window tstzrange, p_from bigint, p_to bigint
) returns ops.promotion
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
-- Judges and stores the events of a batch from one offset to another, in one statement; a second one tells of those that the
-- ledger has already the same event (a duplicate) from another of the same id (a conflict: a reject).
-- Rows go into the ledger in the order of their ids, so that promoters side by side cannot deadlock; of two events of one id
-- within a batch the one at the lower offset comes first. Raises what a constraint, a missing day or unreadable bytes raise.
--   p_letters   true: events of staging.event_dead_letter, which a replay judges; else those of staging.event
--   p_window    the times that events may have
-- Writes: events.message, public.events, staging.reject, ops.archive_pending
declare
    v_result ops.promotion := row(p_batch.batch_id, 0, 0, 0, 0)::ops.promotion;
    v_again bigint[];
    v_ids uuid[];
    v_digests uuid[];
    v_conflicts bigint;
    v_first_at timestamptz;
    v_last_at timestamptz;
begin
    with judged as materialized (
        select * from events.judged_events(p_letters, p_batch.batch_id, p_batch.slot, p_from, p_to, p_window)
    ), booked as (
        insert into events.message (message_id, digest, timestamp_stamp, batch_id, position, correlation_id)
        select message_id, digest, timestamp_stamp, p_batch.batch_id, position, correlation_id
        from judged
        where clean
        order by message_id, position
        on conflict on constraint message_pkey do nothing
        returning position, timestamp_stamp
    ), shown as (
        insert into public.events
            (timestamp_stamp, message_id_stamp, correlation_id, type, target_subscription, new_context_account_id,
             new_context_user_id, data, timestamp_form, message_id_form, account_id_form, user_id_form, request_platform,
             amplitude_track_id, amplitude_tracked_device, publish_time, schema_id, batch_id, position, package_size,
             run_id)
        select judged.timestamp_stamp, message_id, correlation_id, type, target_subscription, account_id, user_id, data,
            timestamp_form, message_id_form, account_id_form, user_id_form, request_platform, amplitude_track_id,
            amplitude_tracked_device, published_at, schema_id, p_batch.batch_id, position, package_size, p_run
        from judged
        join booked using (position)
        order by judged.timestamp_stamp
    ), refused as materialized (
        -- A dead letter that comes back stands already.
        select position, defect, message_key, origin, payload, schema_id, published_at, package_size,
            case when origin is null or p_letters then failures else 'returned_dead_letter,' || failures end as failures,
            origin is null or p_letters as rejected
        from judged
        where not clean
    ), verdict as (
        select failures, codes, ops.reasons(p_batch.feed, codes) as reasons
        from (
            select failures, array_remove(string_to_array(failures, ','), '') as codes
            from (select distinct failures from refused) f
        ) c
        offset 0
    ), recorded as (
        insert into staging.reject
            (received_on, batch_id, position, run_id, disposition, severity, defect, codes, reasons, payload, message_key,
             origin, schema_id, published_at, package_size)
        select p_batch.received_on, p_batch.batch_id, r.position, p_run,
            case when r.rejected then 'rejected' else 'duplicate' end::staging.disposition,
            case when r.rejected then 'error' else 'info' end::ops.severity,
            r.defect, v.codes, v.reasons, r.payload, r.message_key, r.origin, r.schema_id, r.published_at, r.package_size
        from refused r
        left join verdict v using (failures)
        order by r.position
    ), again as (
        select j.position, j.message_id, j.digest
        from judged j
        where j.clean and (select count(*) from booked) < (select count(*) from judged where clean)
            and j.position not in (select position from booked)
    )
    select (select count(*) from judged), (select count(*) from booked), (select count(*) from refused where rejected),
        (select count(*) from refused where not rejected), array_agg(position), array_agg(message_id), array_agg(digest),
        (select min(timestamp_stamp) from booked), (select max(timestamp_stamp) from booked)
    into v_result.received, v_result.stored, v_result.rejected, v_result.duplicate, v_again, v_ids, v_digests, v_first_at, v_last_at
    from again;
    perform ops.post_stored(p_batch, p_run, v_result.stored, v_first_at, v_last_at);

    -- With a snapshot of its own: what others have committed meanwhile, and this batch itself, are in the ledger now.
    -- Where the ledger's row has gone with its day, the event is one that was stored, too.
    if v_again is not null then
        with known as (
            select a.position,
                (select m.digest <> a.digest from events.message m where m.message_id = a.message_id) is true as conflict
            from unnest(v_again, v_ids, v_digests) as a (position, message_id, digest)
            offset 0
        ), told as (
            select l.*, k.conflict, k.conflict and (l.origin is null or p_letters) as rejected,
                case
                    when not k.conflict then array['duplicate_event']
                    when l.origin is null or p_letters then array['conflict']
                    else array['returned_dead_letter', 'conflict']
                end as codes
            from events.landed(p_letters, p_batch.batch_id, p_batch.slot, p_from, p_to) l
            join known k using (position)
        ), recorded as (
            insert into staging.reject
                (received_on, batch_id, position, run_id, disposition, severity, codes, reasons, payload, message_key, origin,
                 schema_id, published_at, package_size)
            select p_batch.received_on, p_batch.batch_id, t.position, p_run,
                case when t.rejected then 'rejected' else 'duplicate' end::staging.disposition,
                case when t.rejected then 'error' else 'info' end::ops.severity, t.codes, v.reasons, t.payload, t.message_key,
                t.origin, t.schema_id, t.published_at, t.package_size
            from told t
            join (select codes, ops.reasons(p_batch.feed, codes) as reasons from (select distinct codes from told) c offset 0) v
                using (codes)
            order by t.position
        )
        select count(*) filter (where rejected) into v_conflicts from told;
        v_result.rejected := v_result.rejected + v_conflicts;
        v_result.duplicate := v_result.duplicate + cardinality(v_again) - v_conflicts;
    end if;
    return v_result;
end
$$;
