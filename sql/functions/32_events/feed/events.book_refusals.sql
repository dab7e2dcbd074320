create or replace function events.book_refusals(p_result ops.promotion) returns ops.promotion
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_nestloop = off  -- statistics take an unseen batch for one row
as $$
-- Books the events that a batch has had rejected, by their correlation ids, and makes duplicates of those that another reject
-- stands for: sent again with the same ids, or delivered twice. Gives the promotion with its counts as they are then. Rejects
-- whose key is no correlation id are left alone.
-- In the order of ids, after everything else, so that promoters side by side cannot deadlock.
-- Writes: events.refusal, staging.reject
declare
    v_received_on date := (select received_on from ops.batch where batch_id = p_result.batch_id);
    v_again bigint[];
begin
    with rejected as materialized (
        select events.key_correlation_id(r.message_key) as correlation_id, r.position
        from staging.reject r
        where r.received_on = v_received_on and r.batch_id = p_result.batch_id and r.disposition = 'rejected' and r.origin is distinct from 'promote'
    ), booked as (
        insert into events.refusal as f (correlation_id, batch_id, position)
        select distinct on (correlation_id) correlation_id, p_result.batch_id, position
        from rejected
        where correlation_id is not null
        order by correlation_id, position
        on conflict on constraint refusal_pkey do update set position = f.position
            where (f.batch_id, f.position) = (excluded.batch_id, excluded.position)  -- of a replay: it is the one that stands
        returning position
    )
    select array_agg(position) into v_again
    from rejected
    where correlation_id is not null and position not in (select position from booked);

    if v_again is not null then
        update staging.reject r
        set disposition = 'duplicate', severity = 'info', codes = array['refused_before'] || r.codes,
            reasons = ops.reasons((select feed from ops.batch where batch_id = p_result.batch_id), array['refused_before']) || r.reasons
        where r.received_on = v_received_on and r.batch_id = p_result.batch_id and r.position = any (v_again);
        p_result.rejected := p_result.rejected - cardinality(v_again);
        p_result.duplicate := p_result.duplicate + cardinality(v_again);
    end if;
    return p_result;
end
$$;
