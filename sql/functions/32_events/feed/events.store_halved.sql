create or replace function events.store_halved(
    p_batch ops.batch, p_run bigint, p_letters boolean, p_window tstzrange, p_from bigint, p_to bigint
) returns ops.promotion
language plpgsql volatile set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
-- Stores the events of a batch from one offset to another; when a constraint refuses a row all the same (classes 22, 23 and 54),
-- the offsets are halved until it stands alone, and it is rejected. The caller has locked out other promoters.
-- Parameters and what is written: see events.store_range()
declare
    v_result ops.promotion := row(p_batch.batch_id, 0, 0, 0, 0)::ops.promotion;
    v_half ops.promotion;
    v_constraint text;
    v_code text;
    v_middle bigint;
begin
    begin
        return events.store_range(p_batch, p_run, p_letters, p_window, p_from, p_to);
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
        get stacked diagnostics v_constraint = constraint_name, v_code = returned_sqlstate;
    end;
    select count(*), percentile_disc(0.5) within group (order by position)
    into v_result.received, v_middle
    from events.landed(p_letters, p_batch.batch_id, p_batch.slot, p_from, p_to);

    if v_result.received > 1 then
        v_result := events.store_halved(p_batch, p_run, p_letters, p_window, p_from, v_middle);
        v_half := events.store_halved(p_batch, p_run, p_letters, p_window, v_middle + 1, p_to);
        v_result.received := v_result.received + v_half.received;
        v_result.stored := v_result.stored + v_half.stored;
        v_result.rejected := v_result.rejected + v_half.rejected;
        v_result.duplicate := v_result.duplicate + v_half.duplicate;
        return v_result;
    end if;

    insert into staging.reject
        (received_on, batch_id, position, run_id, disposition, severity, defect, codes, reasons, payload, message_key, origin,
         schema_id, published_at, package_size)
    select p_batch.received_on, p_batch.batch_id, l.position, p_run,
        case when c.returned then 'duplicate' else 'rejected' end::staging.disposition,
        case when c.returned then 'info' else 'error' end::ops.severity,
        l.defect, c.codes,
        array(
            select r.reason || case when r.place = cardinality(c.codes) and l.defect is null
                then format(' (%s)', coalesce(nullif(v_constraint, ''), 'SQLSTATE ' || v_code)) else '' end
            from unnest(ops.reasons(p_batch.feed, c.codes)) with ordinality as r (reason, place)
            order by r.place),
        l.payload, l.message_key, l.origin, l.schema_id, l.published_at, l.package_size
    from events.landed(p_letters, p_batch.batch_id, p_batch.slot, p_from, p_to) l
    cross join lateral (
        select r.returned, case when r.returned then '{returned_dead_letter}' else '{}'::text[] end
            || coalesce(l.defect, 'constraint_violation') as codes
        from (select l.origin is not null and not p_letters as returned) r
    ) c;
    v_result.duplicate := (select count(*) from events.landed(p_letters, p_batch.batch_id, p_batch.slot, p_from, p_to) l
        where l.origin is not null and not p_letters);
    v_result.rejected := v_result.received - v_result.duplicate;
    return v_result;
end
$$;
