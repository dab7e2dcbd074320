create or replace function events.document(
    p_data jsonb, p_timestamp_form text, p_timestamp_stamp timestamptz, p_message_id uuid, p_message_id_form text, p_type text,
    p_target_subscription text, p_account_id uuid, p_account_id_form text, p_user_id uuid, p_user_id_form text,
    p_request_platform text, p_amplitude_track_id numeric, p_amplitude_tracked_device text, p_correlation_id uuid,
    p_publish_time timestamptz, p_schema_id bigint
) returns jsonb
language sql stable parallel safe
begin atomic
    -- An event as the enriched JSON, from the columns of its row in public.events. Inlinable.
    select jsonb_build_object(
        'data', p_data,
        'attributes', jsonb_build_object(
            'timestampStamp', coalesce(p_timestamp_form, events.instant_text(p_timestamp_stamp)),
            'messageIdStamp', events.id_text(p_message_id, p_message_id_form),
            'type', p_type,
            'targetSubscription', p_target_subscription,
            'newContextStamp', jsonb_build_object(
                'accountId', events.id_text(p_account_id, p_account_id_form),
                'userId', events.id_text(p_user_id, p_user_id_form))
                || case when p_request_platform is null then '{}' else jsonb_build_object('requestPlatform', p_request_platform) end)
            || case when p_amplitude_track_id is null then '{}' else jsonb_build_object(
                'amplitudeTrackStamp', jsonb_build_object('id', p_amplitude_track_id)
                    || case when p_amplitude_tracked_device is null then '{}'
                        else jsonb_build_object('trackedDevice', p_amplitude_tracked_device) end)
            end,
        'metadata', jsonb_build_object(
            'correlationId', p_correlation_id,
            'publishTime', events.instant_text(p_publish_time),
            'schemaId', p_schema_id));
end;
