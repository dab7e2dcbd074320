-- The limit: one batch's events cast and inserted into both tables, nothing judged, nothing looked up, nothing booked.
set enable_seqscan = off;
with cast_events as materialized (
    select (a ->> 'timestampStamp')::timestamptz as at, (a ->> 'messageIdStamp')::uuid as id, key::uuid as correlation_id, a ->> 'type' as type,
        a ->> 'targetSubscription' as target, (c ->> 'accountId')::uuid as account_id, (c ->> 'userId')::uuid as user_id, data,
        c ->> 'requestPlatform' as platform, (t ->> 'id')::numeric as track_id, t ->> 'trackedDevice' as device, published_at, schema_id,
        position, package_size
    from (
        select d.*, a -> 'newContextStamp' as c, a -> 'amplitudeTrackStamp' as t
        from (
            select doc -> 'data' as data, doc -> 'attributes' as a, key, published_at, schema_id, position, package_size
            from (
                select convert_from(payload, 'UTF8')::jsonb as doc, convert_from(message_key, 'UTF8') as key, published_at, schema_id, position, package_size
                from staging.event where batch_id = {batch} and slot = 0 offset 0
            ) m offset 0
        ) d offset 0
    ) n
), booked as (
    insert into bench.message (message_id, digest, timestamp_stamp, batch_id, position, correlation_id)
    select id, id, at, {batch}, position, correlation_id from cast_events
)
insert into bench.events (timestamp_stamp, message_id_stamp, correlation_id, type, target_subscription, new_context_account_id,
    new_context_user_id, data, request_platform, amplitude_track_id, amplitude_tracked_device, publish_time, schema_id, batch_id, position, package_size)
select at, id, correlation_id, type, target, account_id, user_id, data, platform, track_id, device, published_at, schema_id, {batch}, position, package_size
from cast_events;
