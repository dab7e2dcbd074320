create or replace function events.judged_events(
    p_letters boolean, p_batch bigint, p_slot smallint, p_from bigint, p_to bigint, p_window tstzrange
) returns table (
    "position" bigint, defect text, message_key bytea, origin text, payload bytea, schema_id bigint, published_at timestamptz,
    package_size integer, failures text, clean boolean, correlation_id uuid, timestamp_stamp timestamptz, message_id uuid,
    account_id uuid, user_id uuid, timestamp_form text, message_id_form text, account_id_form text, user_id_form text,
    type text, target_subscription text, request_platform text, amplitude_track_id numeric, amplitude_tracked_device text,
    data jsonb, digest uuid
)
language sql stable
begin atomic
-- The events of a batch from one offset to another (inclusive): what they say, converted, and the codes of the rules they
-- break, joined by commas; clean when they break none, and only then are the values to be used. Never raises on bytes that
-- the loader vouched for. Inlinable; each `offset 0` is a step whose results are worked out once.
--   p_letters  true: those of staging.event_dead_letter, as they were sent; else those of staging.event
--   p_window   in which times must lie, see events.time_window()
-- What else data holds is kept as it is where a registered schema has let it in; elsewhere nobody vouches for it.
--   digest     of what the event says, see events.event_digest()
-- A plain event (what nearly all are: see the step r) breaks no rule but that its time may be out of the window, its ids are
-- UUIDs as PostgreSQL writes them, and its time can be cast; any other goes through the rules. Plain regular expressions:
-- the automaton is made anew for each text, so one with a state for each character of four ids costs 25 us, this 1.5.
select w.position, w.defect, w.message_key, w.origin, w.payload, w.schema_id, w.published_at, w.package_size, w.failures, w.clean,
    case when w.clean then w.key_text::uuid end as correlation_id, w.timestamp_stamp,
    case when w.clean then events.formed_uuid(w.message_sent, w.message_form) end as message_id,
    case when w.clean then events.formed_uuid(w.account_sent, w.account_form) end as account_id,
    case when w.clean then events.formed_uuid(w.user_sent, w.user_form) end as user_id,
    case when w.clean then events.kept_instant(w.at_sent) end as timestamp_form,
    case when not w.plain_ids then events.kept_form(w.message_sent) end as message_id_form,
    case when not w.plain_ids then events.kept_form(w.account_sent) end as account_id_form,
    case when not w.plain_ids then events.kept_form(w.user_sent) end as user_id_form,
    w.type, w.target as target_subscription, w.platform as request_platform,
    case when w.clean then w.amplitude_id::numeric end as amplitude_track_id, w.device as amplitude_tracked_device, w.data,
    case when w.clean then events.event_digest(w.message_sent, w.at_sent, w.account_sent, w.user_sent, w.type, w.target,
        w.platform, w.amplitude_id, w.device, w.amount, case when w.failures <> '' then nullif((w.data - '{id,amount}'::text[])::text, '{}') end,
        w.data_id) end as digest
from (
    select v.*, v.failures = ',,,,,,,,,,,,,,,' or v.failures = '' as clean
    from (
        select u.*,
            case
                when u.plain_ids and u.plain_at and u.plain_rest and u.timestamp_stamp between lower(p_window) and upper(p_window) then ''
                when u.defect is not null then u.defect
                when jsonb_typeof(u.doc) <> 'object' then 'not_an_object'
                else concat_ws(',',
                    case when u.plain_ids or events.is_correlation_id(u.key_text) then '' else 'correlation_id_malformed' end,
                    case
                        when u.doc - '{data,attributes}'::text[] <> '{}'
                            or jsonb_typeof(u.data) = 'object' and u.data - '{id,amount}'::text[] <> '{}' and u.schema_id is null
                            or jsonb_typeof(u.attributes) = 'object' and u.attributes - '{timestampStamp,messageIdStamp,type,targetSubscription,newContextStamp,amplitudeTrackStamp}'::text[] <> '{}'
                            or jsonb_typeof(u.context) = 'object' and u.context - '{accountId,userId,requestPlatform}'::text[] <> '{}'
                            or jsonb_typeof(u.amplitude) = 'object' and u.amplitude - '{id,trackedDevice}'::text[] <> '{}'
                        then 'unknown_field' else '' end,
                    events.object_rule('data', jsonb_typeof(u.data)),
                    case when jsonb_typeof(u.data) = 'object' then
                        concat_ws(',',
                            case coalesce(jsonb_typeof(u.data -> 'id'), 'null') when 'string' then null
                                when 'null' then 'data_id_missing' else 'data_id_type' end,
                            case coalesce(jsonb_typeof(u.data -> 'amount'), 'null')
                                when 'number' then case when octet_length(u.amount) > 300
                                    and abs(u.amount::numeric) > 1.7976931348623157e308 then 'amount_out_of_range' end
                                when 'null' then 'amount_missing' else 'amount_type' end)
                        else '' end,
                    events.object_rule('attributes', jsonb_typeof(u.attributes)),
                    case
                        when jsonb_typeof(u.attributes) is distinct from 'object' then ''
                        when u.at_sent is null then 'timestamp_missing'
                        when u.timestamp_stamp is null then 'timestamp_malformed'
                        else events.time_rule(u.timestamp_stamp, p_window) end,
                    case when jsonb_typeof(u.attributes) is distinct from 'object' then ''
                        else events.form_rule('message_id', u.message_sent, u.message_form) end,
                    case when jsonb_typeof(u.attributes) is distinct from 'object' then ''
                        else events.words_missing_rule('event_type', u.type_type, u.type, 200) end,
                    case when jsonb_typeof(u.attributes) is distinct from 'object' then ''
                        else events.words_missing_rule('target_subscription', u.target_type, u.target, 200) end,
                    case when jsonb_typeof(u.attributes) is distinct from 'object' then ''
                        else events.object_rule('new_context', jsonb_typeof(u.context)) end,
                    case when jsonb_typeof(u.context) is distinct from 'object' then ''
                        else events.form_rule('account_id', u.account_sent, u.account_form) end,
                    case when jsonb_typeof(u.context) is distinct from 'object' then ''
                        else events.form_rule('user_id', u.user_sent, u.user_form) end,
                    staging.words_rule('request_platform', u.platform_type, u.platform, 200),
                    case when coalesce(jsonb_typeof(u.amplitude), 'null') not in ('null', 'object') then 'amplitude_track_type' else '' end,
                    case
                        when jsonb_typeof(u.amplitude) is distinct from 'object' then ''
                        when u.amplitude_id is null then 'amplitude_id_missing'
                        when jsonb_typeof(u.amplitude -> 'id') <> 'number' then 'amplitude_id_malformed'
                        when u.amplitude_id like '%.%' and rtrim(split_part(u.amplitude_id, '.', 2), '0') <> '' then 'amplitude_id_malformed'
                        when octet_length(u.amplitude_id) > 40 or u.amplitude_id::numeric not between 0 and 18446744073709551615
                            then 'amplitude_id_out_of_range'
                        else '' end,
                    staging.words_rule('tracked_device', u.device_type, u.device, 1000))
            end as failures
        from (
            select t.*,
                case when t.plain_at then t.at_sent::timestamptz else staging.instant(t.at_sent, t.at_read) end as timestamp_stamp
            from (
                select s.*,
                    case when s.plain_ids then 'uuid' else events.sent_form(s.attributes -> 'messageIdStamp', s.message_sent) end as message_form,
                    case when s.plain_ids then 'uuid' else events.sent_form(s.context -> 'accountId', s.account_sent) end as account_form,
                    case when s.plain_ids then 'uuid' else events.sent_form(s.context -> 'userId', s.user_sent) end as user_form,
                    case when not s.plain_at then staging.instant_text(s.attributes -> 'timestampStamp', s.at_sent) end as at_read
                from (
                    select n.*,
                        (octet_length(n.key_text) = 36 and octet_length(n.message_sent) = 36 and octet_length(n.account_sent) = 36
                            and octet_length(n.user_sent) = 36
                            and n.ids like '________-____-7___-____-____________________-____-____-____-____________________-____-____-____-____________________-____-____-____-____________'
                            and octet_length(replace(n.ids, '-', '')) = 128 and n.ids collate "C" !~ '[^0-9a-f-]'
                            and strpos('89ab', substr(n.ids, 20, 1)) > 0 and n.key_text not like '%00000') is true as plain_ids,
                        (octet_length(n.at_sent) <= 27 and n.at_sent collate "C" ~
                            '^20[0-9][0-9]-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?Z$')
                            is true as plain_at,
                        case when jsonb_typeof(n.doc) = 'object' and jsonb_typeof(n.data) = 'object' and jsonb_typeof(n.attributes) = 'object'
                            and jsonb_typeof(n.context) = 'object' and coalesce(jsonb_typeof(n.amplitude), 'object') = 'object'
                        then
                            (n.doc - '{data,attributes}'::text[] = '{}' and n.data - '{id,amount}'::text[] = '{}'
                            and n.attributes - '{timestampStamp,messageIdStamp,type,targetSubscription,newContextStamp,amplitudeTrackStamp}'::text[] = '{}'
                            and n.context - '{accountId,userId,requestPlatform}'::text[] = '{}'
                            and jsonb_typeof(n.data -> 'id') = 'string'
                            and jsonb_typeof(n.data -> 'amount') = 'number' and octet_length(n.amount) <= 300
                            and n.type_type = 'string' and octet_length(n.type) between 1 and 200
                            and n.target_type = 'string' and octet_length(n.target) between 1 and 200
                            and (n.platform_type is null or n.platform_type = 'string' and octet_length(n.platform) <= 200)
                            and (n.amplitude is null
                                or n.amplitude - '{id,trackedDevice}'::text[] = '{}'
                                and jsonb_typeof(n.amplitude -> 'id') = 'number' and n.amplitude_id not like '-%'
                                and (octet_length(n.amplitude_id) < 20
                                    or octet_length(n.amplitude_id) = 20 and n.amplitude_id collate "C" <= '18446744073709551615')
                                and n.amplitude_id not like '%.%'
                                and (n.device_type is null or n.device_type = 'string' and octet_length(n.device) <= 1000))
                            and n.words collate "C" !~ '[\u0001-\u001f\u007f-\u009f]') is true
                        else false end as plain_rest
                    from (
                        select r.*, r.key_text || r.message_sent || r.account_sent || r.user_sent as ids,
                            concat(r.type, r.target, r.platform, r.device) as words
                        from (
                            select q.*,
                                case when octet_length(q.message_key) = 36 then encode(q.message_key, 'escape') end as key_text,
                                q.data ->> 'id' as data_id, q.data ->> 'amount' as amount,
                                nullif(q.attributes ->> 'timestampStamp', '') as at_sent, nullif(q.attributes ->> 'messageIdStamp', '') as message_sent,
                                jsonb_typeof(q.attributes -> 'type') as type_type, q.attributes ->> 'type' as type,
                                jsonb_typeof(q.attributes -> 'targetSubscription') as target_type, q.attributes ->> 'targetSubscription' as target,
                                nullif(q.context ->> 'accountId', '') as account_sent, nullif(q.context ->> 'userId', '') as user_sent,
                                jsonb_typeof(q.context -> 'requestPlatform') as platform_type, q.context ->> 'requestPlatform' as platform,
                                q.amplitude ->> 'id' as amplitude_id,
                                jsonb_typeof(q.amplitude -> 'trackedDevice') as device_type, q.amplitude ->> 'trackedDevice' as device
                            from (
                                select o.*, o.attributes -> 'newContextStamp' as context, o.attributes -> 'amplitudeTrackStamp' as amplitude
                                from (
                                    select p.*, p.doc -> 'data' as data, p.doc -> 'attributes' as attributes
                                    from (
                                        select l.position, l.defect, l.message_key, l.origin, l.payload, l.schema_id, l.published_at, l.package_size,
                                            case
                                                when l.defect is not null then null
                                                when p_letters then events.normal_form(convert_from(l.payload, 'UTF8')::jsonb)
                                                else convert_from(l.payload, 'UTF8')::jsonb
                                            end as doc
                                        from events.landed(p_letters, p_batch, p_slot, p_from, p_to) l
                                        offset 0
                                    ) p
                                    offset 0
                                ) o
                                offset 0
                            ) q
                            offset 0
                        ) r
                        offset 0
                    ) n
                    offset 0
                ) s
                offset 0
            ) t
            offset 0
        ) u
        offset 0
    ) v
    offset 0
) w;
end;
