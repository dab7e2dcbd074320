create or replace function ops.open_batch(
    p_feed text, out batch_id bigint, out slot smallint, out received_on date, out staging_table text
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- The number of the next batch of a feed, the staging slot its rows go to, its day, and the table to copy into; sees to
-- the day's partition of rejects. A number that is not used in the end leaves a gap, nothing else.
-- Errors: EM010 feed is unknown
declare
    v_feed ops.feed%rowtype := ops.feed_named(p_feed);
begin
    slot := v_feed.current_slot;
    staging_table := format('staging.%I', v_feed.staging_table);
    batch_id := nextval('ops.batch_id_seq');
    received_on := (clock_timestamp() at time zone 'UTC')::date;
    perform ops.ensure_partition('staging.reject', received_on);
end
$$;
