create or replace view events.enriched with (security_invoker = true) as
select e.timestamp_stamp, e.message_id_stamp, e.correlation_id, e.batch_id, e.position,
    events.document(e.data, e.timestamp_form, e.timestamp_stamp, e.message_id_stamp, e.message_id_form, e.type,
        e.target_subscription, e.new_context_account_id, e.account_id_form, e.new_context_user_id, e.user_id_form,
        e.request_platform, e.amplitude_track_id, e.amplitude_tracked_device, e.correlation_id, e.publish_time,
        e.schema_id) as event,
    e.run_id
from public.events e;

comment on view events.enriched is 'events as the enriched JSON: data, attributes in their normal form, metadata; ids and times as they were sent';
comment on column events.enriched.event is 'equal as jsonb to what was enriched: what was not sent is not there';
comment on column events.enriched.run_id is 'the run that stored it; null: stored before there was an archive';
