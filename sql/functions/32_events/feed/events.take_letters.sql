create or replace function events.take_letters(p_batch ops.batch, p_run bigint, p_returned boolean) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
set enable_nestloop = off
set enable_seqscan = off  -- see events.store_range()
as $$
-- Makes rejects of a batch's dead letters, without a look at what is in them; gives their number.
--   p_returned  true: those that events.promote() sent, as duplicates; else those of the door, by its code (one that is no
--               word of at most 40 small letters becomes refused) and its sentence
-- Writes: staging.reject
declare
    v_count bigint;
begin
    with letter as materialized (
        select d.*,
            case
                when p_returned then 'returned_dead_letter'
                when d.code collate "C" ~ '^[a-z_]{1,40}$' then d.code
                else coalesce(case when d.code is null then d.defect end, 'refused')
            end as verdict
        from staging.event_dead_letter d
        where d.batch_id = p_batch.batch_id and d.slot = p_batch.slot and (d.origin = 'promote') is true = p_returned
    ), known as (
        select v.verdict, ops.reasons(p_batch.feed, array[v.verdict]) as reasons
        from (select distinct verdict from letter) v
        offset 0
    )
    insert into staging.reject
        (received_on, batch_id, position, run_id, disposition, severity, defect, codes, reasons, payload, message_key, origin,
         published_at, package_size)
    select p_batch.received_on, p_batch.batch_id, l.position, p_run,
        case when p_returned then 'duplicate' else 'rejected' end::staging.disposition,
        case when p_returned then 'info' else 'error' end::ops.severity, l.defect, array[l.verdict],
        case when p_returned or coalesce(l.error, '') = '' then k.reasons else array[l.error] end,
        l.payload, l.message_key, l.origin, l.published_at, l.package_size
    from letter l
    join known k using (verdict)
    order by l.position;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
