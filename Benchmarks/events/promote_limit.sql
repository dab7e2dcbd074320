-- The limit: one batch's events cast and inserted into both tables, nothing judged, nothing looked up, nothing booked.
set enable_seqscan = off;
insert into bench.events (timestamp_stamp, message_id_stamp, correlation_id, type, target_subscription, new_context_account_id,
    new_context_user_id, data, request_platform, amplitude_track_id, amplitude_tracked_device, publish_time, schema_id, batch_id, position, package_size)
select (a ->> 'timestampStamp')::timestamptz, (a ->> 'messageIdStamp')::uuid, key::uuid, a ->> 'type', a ->> 'targetSubscription',
    (c ->> 'accountId')::uuid, (c ->> 'userId')::uuid, data, c ->> 'requestPlatform', (t ->> 'id')::numeric, t ->> 'trackedDevice',
    published_at, schema_id, {batch}, position, package_size
from (
    select d.*, a -> 'newContextStamp' as c, a -> 'amplitudeTrackStamp' as t
    from (
        select doc -> 'data' as data, doc -> 'attributes' as a, key, published_at, schema_id, position, package_size
        from (
            select convert_from(payload, 'UTF8')::jsonb as doc, convert_from(message_key, 'UTF8') as key, published_at, schema_id, position, package_size
            from staging.event where batch_id = {batch} and slot = 0 offset 0
        ) m offset 0
    ) d offset 0
) n;
