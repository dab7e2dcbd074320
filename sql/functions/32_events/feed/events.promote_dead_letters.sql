create or replace function events.promote_dead_letters(p_batch bigint, p_run bigint) returns ops.promotion
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
-- Takes in one landed batch of dead letters of events. Those of the door (header origin is not promote) become rejects, by the
-- code and error that it gave; those of events.promote() are here already, so they count as duplicates and no more.
-- A replay judges the door's letters for real: brought into the normal form, then by the rules of events.promote().
-- Reads:  staging.event_dead_letter, ops.run, ops.rule, ops.setting (events.window_past, events.window_future, events.retention)
-- Writes: staging.reject, what events.store_events() and events.book_refusals() write, ops.batch
-- Errors: EM001 batch is unknown, EM002 batch is promoted already
declare
    v_batch ops.batch;
    v_result ops.promotion;
    v_returned bigint;
begin
    v_batch := ops.claim_batch(p_batch);
    v_returned := events.take_letters(v_batch, p_run, true);
    if (select pipeline from ops.run where run_id = p_run) = 'replay' then
        v_result := events.store_events(v_batch, p_run, true, events.batch_window(v_batch));
    else
        v_result := row(p_batch, 0, 0, events.take_letters(v_batch, p_run, false), 0)::ops.promotion;
        v_result.received := v_result.rejected;
    end if;
    v_result.received := v_result.received + v_returned;
    v_result.duplicate := v_result.duplicate + v_returned;
    v_result := events.book_refusals(v_result);
    perform ops.settle_batch(v_result, p_run);
    return v_result;
end
$$;
