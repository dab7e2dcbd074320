create or replace function events.event_digest(
    p_message_id text, p_at text, p_account_id text, p_user_id text, p_type text, p_target text, p_platform text,
    p_amplitude_id text, p_device text, p_amount text, p_more text, p_data_id text
) returns uuid
language sql immutable parallel safe
begin atomic
    -- MD5 of what an accepted event says, as it was sent: events.message.digest. No accepted text but the last holds a control
    -- character, so U+001F parts them and U+0002 stands for null. 1.50 and 1.5 are one amount,
    -- 7 and 7.0 one id of Amplitude. p_more is what else data holds, as jsonb's text; null for nothing.
    select md5(concat_ws(E'\x1f', p_message_id, p_at, p_account_id, p_user_id, p_type, p_target, coalesce(p_platform, E'\x02'),
        coalesce(split_part(p_amplitude_id, '.', 1), E'\x02'), coalesce(p_device, E'\x02'),
        case when p_amount like '%.%' then rtrim(rtrim(p_amount, '0'), '.') else p_amount end, p_more, p_data_id))::uuid;
end;
