create or replace view events.enriched with (security_invoker = true) as
select e.timestamp_stamp, e.message_id_stamp, e.correlation_id, e.batch_id, e.position,
    jsonb_build_object(
        'data', e.data,
        'attributes', jsonb_build_object(
            'timestampStamp', coalesce(e.timestamp_form, events.instant_text(e.timestamp_stamp)),
            'messageIdStamp', events.id_text(e.message_id_stamp, e.message_id_form),
            'type', e.type,
            'targetSubscription', e.target_subscription,
            'newContextStamp', jsonb_build_object(
                'accountId', events.id_text(e.new_context_account_id, e.account_id_form),
                'userId', events.id_text(e.new_context_user_id, e.user_id_form))
                || case when e.request_platform is null then '{}' else jsonb_build_object('requestPlatform', e.request_platform) end)
            || case when e.amplitude_track_id is null then '{}' else jsonb_build_object(
                'amplitudeTrackStamp', jsonb_build_object('id', e.amplitude_track_id)
                    || case when e.amplitude_tracked_device is null then '{}'
                        else jsonb_build_object('trackedDevice', e.amplitude_tracked_device) end)
            end,
        'metadata', jsonb_build_object(
            'correlationId', e.correlation_id,
            'publishTime', events.instant_text(e.publish_time),
            'schemaId', e.schema_id)) as event
from public.events e;

comment on view events.enriched is 'events as the enriched JSON: data, attributes in their normal form, metadata; ids and times as they were sent';
comment on column events.enriched.event is 'equal as jsonb to what was enriched: what was not sent is not there';
