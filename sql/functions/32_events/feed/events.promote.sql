create or replace function events.promote(p_batch bigint, p_run bigint) returns ops.promotion
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
-- Judges one landed batch of events: accepted ones go into the ledger events.message and into public.events, the others into
-- staging.reject. Batches may be promoted in any order, side by side.
-- Reads:  staging.event, ops.setting (events.window_past, events.window_future, events.retention)
-- Writes: what events.store_events() and events.book_refusals() write, ops.batch
-- Errors: EM001 batch is unknown, EM002 batch is promoted already
declare
    v_batch ops.batch;
    v_result ops.promotion;
begin
    v_batch := ops.claim_batch(p_batch);
    v_result := events.book_refusals(events.store_events(v_batch, p_run, false, events.batch_window(v_batch)));
    perform ops.settle_batch(v_result, p_run);
    return v_result;
end
$$;
