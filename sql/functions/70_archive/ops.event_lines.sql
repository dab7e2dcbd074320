create or replace function ops.event_lines(
    p_batch bigint, p_run bigint, p_from bigint, p_to bigint, p_first_at timestamptz, p_last_at timestamptz
) returns table ("position" bigint, line text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set jit = off
set max_parallel_workers_per_gather = 0  -- a piece is small: starting workers takes longer
set work_mem = '64MB'
set enable_nestloop = off
set enable_seqscan = off  -- see events.store_range()
as $$
-- The events that a run stored of a batch, from one position to another, as the lines that the archive has of them; by position.
--   p_first_at, p_last_at   between which their timestamp_stamp are; null: not known
begin
    return query execute format('select s.position, s.document::text from (%s) s order by s.position', ops.event_source(
        'e.position, events.document(e.data, e.timestamp_form, e.timestamp_stamp, e.message_id_stamp, e.message_id_form, e.type, '
        'e.target_subscription, e.new_context_account_id, e.account_id_form, e.new_context_user_id, e.user_id_form, '
        'e.request_platform, e.amplitude_track_id, e.amplitude_tracked_device, e.correlation_id, e.publish_time, e.schema_id) '
        'as document',
        p_first_at, p_last_at))
    using p_batch, p_run, p_from, p_to;
end
$$;
