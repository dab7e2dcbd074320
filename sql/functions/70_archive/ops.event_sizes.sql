create or replace function ops.event_sizes(
    p_batch bigint, p_run bigint, p_first_at timestamptz, p_last_at timestamptz
) returns table ("position" bigint, bytes bigint, at timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set jit = off
set max_parallel_workers_per_gather = 0  -- a piece is small: starting workers takes longer
set work_mem = '64MB'
set enable_nestloop = off
set enable_seqscan = off  -- see events.store_range()
as $$
-- The events that a run stored of a batch: where each is, when it happened, and how long its line is with its end, or a little
-- more than that; without writing it. In no order. 455, 25 and 80 is what names, braces, ids, numbers and times make at most;
-- strings are at most twice as long when they are quoted, since they hold no control characters (and forms of ids come on top of 455).
begin
    return query execute ops.event_source(
        'e.position, 455::bigint + case when e.request_platform is null then 0 else 25 end '
        '+ case when e.amplitude_track_id is null then 0 else 80 end + octet_length(e.data::text) + 2 * octet_length(concat(e.type, e.target_subscription, e.request_platform, '
        'e.amplitude_tracked_device, e.timestamp_form, e.message_id_form, e.account_id_form, e.user_id_form)) as bytes, '
        'e.timestamp_stamp',
        p_first_at, p_last_at)
    using p_batch, p_run, 0, 9223372036854775807;
end
$$;
