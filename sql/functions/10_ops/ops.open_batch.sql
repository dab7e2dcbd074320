create or replace function ops.open_batch(
    p_feed text, out batch_id bigint, out slot smallint, out received_on date, out staging_table text
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- One batch, as ops.open_batches() opens several.
-- Errors: EM010 feed is unknown
begin
    select o.batch_ids[1], o.slot, o.received_on, o.staging_table
    into batch_id, slot, received_on, staging_table
    from ops.open_batches(p_feed, 1) o;
end
$$;
