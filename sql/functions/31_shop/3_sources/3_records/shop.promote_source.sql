create or replace function shop.promote_source(p_batch bigint, p_run bigint) returns ops.promotion
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Judges one landed batch of an order system's records, of any of the feeds source.*: accepted ones go into the ledger
-- shop.source_version and the newest of each key into shop.<staging table>, the others into staging.reject. What becomes of them in
-- the shop is shop.assemble_source()'s.
-- Errors: EM001 batch is unknown, EM002 batch is promoted already, EM003 an earlier batch is not promoted yet, EM500 source is unknown
declare
    v_batch ops.batch%rowtype;
    v_source shop.source%rowtype;
    v_result ops.promotion;
begin
    v_batch := ops.claim_batch(p_batch);
    v_source := shop.source_named(ops.source_of(p_batch));
    perform ops.await_turn(v_batch);
    -- Batches of a source may be stored side by side, but not while it is assembled: both write rows of many keys.
    perform pg_advisory_xact_lock_shared(hashtextextended('shop.source.' || v_source.source, 0));
    v_result := shop.store_source(v_batch, p_run, v_source, 0, 9223372036854775807);
    perform ops.settle_batch(v_result, p_run);
    return v_result;
end
$$;
