create or replace function shop.promote_customers(p_batch bigint, p_run bigint) returns ops.promotion
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
-- Judges one landed batch of customer messages: accepted ones go into the ledger shop.customer_event, the newest of each
-- customer into shop.customers; the others into staging.reject. Batches may be promoted in any order, side by side.
-- Reads:  staging.shop_customer, ops.kafka_batch, ops.setting (customers.clock_skew, customers.earliest)
-- Writes: what shop.store_customers() writes, ops.batch
-- Errors: EM001 batch is unknown, EM002 batch is promoted already
declare
    v_batch ops.batch%rowtype;
    v_partition integer;
    v_result ops.promotion;
begin
    v_batch := ops.claim_batch(p_batch);
    select partition into v_partition from ops.kafka_batch where batch_id = p_batch;
    v_result := shop.store_customers(v_batch, p_run, coalesce(v_partition, 0), 0, 9223372036854775807);
    perform ops.settle_batch(v_result, p_run);
    return v_result;
end
$$;
