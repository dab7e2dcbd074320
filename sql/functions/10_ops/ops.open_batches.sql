create or replace function ops.open_batches(
    p_feed text, p_count integer, out batch_ids bigint[], out slot smallint, out received_on date, out staging_table text
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- The numbers of the next batches of a feed, rising; the staging slot their rows go to, their day, and the table to copy
-- into; sees to the day's partition of rejects. Numbers that are not used in the end leave a gap, nothing else.
-- Errors: EM010 feed is unknown
declare
    v_feed ops.feed%rowtype := ops.feed_named(p_feed);
begin
    slot := v_feed.current_slot;
    staging_table := format('staging.%I', v_feed.staging_table);
    batch_ids := array(select nextval('ops.batch_id_seq') from generate_series(1, p_count));
    received_on := (clock_timestamp() at time zone 'UTC')::date;
    perform ops.ensure_partition('staging.reject', received_on);
end
$$;
