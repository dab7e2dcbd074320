-- public.events as it was given, its further columns, its constraints; events.enriched.
begin;
\ir ../support.psql
select * from no_plan();
select is((select string_agg(attname || ' ' || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end, ', ' order by attnum)
        from pg_attribute where attrelid = 'public.events'::regclass and attnum between 1 and 8),
    'timestamp_stamp timestamp with time zone not null, message_id_stamp uuid not null, correlation_id uuid not null, type text not null, target_subscription text not null, '
    || 'new_context_account_id uuid not null, new_context_user_id uuid not null, data jsonb not null', 'the eight columns that were given, in order');
select is_empty($$select attname from pg_attribute where attrelid = 'public.events'::regclass and attnum > 8 and attnotnull$$, 'all others may be null');
select is(pg_get_partkeydef('public.events'::regclass), 'RANGE (timestamp_stamp)', 'partitioned by time');
select is((select partdefid from pg_partitioned_table where partrelid = 'public.events'::regclass), 0::oid, 'without a default partition');
select is(pg_get_indexdef('public.events_type_idx'::regclass), 'CREATE INDEX events_type_idx ON ONLY public.events USING btree (type)', 'the index that was given');
select is_empty($$select conname from pg_constraint where conrelid in ('public.events'::regclass, 'events.message'::regclass, 'ops.partitioned_table'::regclass)
    and conname !~ ('^' || (select relname from pg_class where oid = conrelid) || '_.*(pkey|fkey|key|check)$')$$, 'every constraint has a name of ours');
select is((select count(*) from pg_class c left join pg_description d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass
    where c.oid in ('public.events'::regclass, 'events.message'::regclass, 'events.enriched'::regclass, 'ops.partitioned_table'::regclass) and d.objoid is null), 0::bigint, 'all are commented');

select is(events.ensure_partitions(array['2026-03-01T12:00Z'::timestamptz], '2026-03-02'), 1, 'a partition on demand');
select is((select count(*) from pg_inherits i join pg_constraint c on c.conrelid = i.inhrelid and c.contype = 'p' where i.inhparent = 'public.events'::regclass),
    (select count(*) from pg_inherits where inhparent = 'public.events'::regclass), 'every partition has the key');
select is((select count(*) from pg_index where indrelid = 'public.events_20260301'::regclass), 3::bigint, 'and the indexes');

create function pg_temp.stored(p_changes jsonb) returns text language plpgsql as $$
declare v_name text;
begin
    insert into public.events select * from jsonb_populate_record(null::public.events, $j${"timestamp_stamp": "2026-03-01T08:30:00.123Z", "message_id_stamp": "01563e3a-b5d3-d676-4c61-efb99302bd5b",
        "correlation_id": "017f22e2-79b0-7cc3-98c4-dc0c0c000003", "type": "paid", "target_subscription": "books", "new_context_account_id": "507f1f77-bcf8-6cd7-ff6f-696499439011",
        "new_context_user_id": "0190163d-8694-739b-aea5-966c26f8ad91", "data": {"id": "a", "amount": 1.5}}$j$::jsonb || p_changes);
    return '';
exception when others then
    get stacked diagnostics v_name = constraint_name;
    return sqlstate || rtrim(' ' || v_name);
end $$;
select is(pg_temp.stored(changes::jsonb), outcome, changes) from (values
    ('{}', ''), ('{}', '23505 events_20260301_pkey'), ('{"message_id_stamp": "00000000-0000-0000-0000-000000000001"}', ''),
    ('{"timestamp_stamp": "52217-01-01"}', '23514'), ('{"timestamp_stamp": "2026-03-02"}', '23514'), ('{"timestamp_stamp": "infinity"}', '23514'),
    ('{"type": null}', '23502'), ('{"data": null}', '23502'), ('{"data": []}', '23514 events_data_check'),
    ('{"amplitude_track_id": -1}', '23514 events_amplitude_track_id_check'), ('{"amplitude_track_id": 18446744073709551616}', '23514 events_amplitude_track_id_check'),
    ('{"amplitude_track_id": "NaN"}', '23514 events_amplitude_track_id_check'),
    ('{"message_id_stamp": "00000000-0000-0000-0000-000000000002", "amplitude_track_id": 18446744073709551615}', ''),
    ('{"amplitude_tracked_device": "phone"}', '23514 events_amplitude_tracked_device_check'), ('{"position": 5}', '23514 events_position_check'),
    ('{"schema_id": -1}', '23514 events_schema_id_check'), ('{"publish_time": "infinity"}', '23514 events_publish_time_check')) v (changes, outcome);

-- The enriched JSON, exactly: everything sent, and nothing but what must be.
delete from public.events;
select is(pg_temp.stored($${"message_id_form": "ulid", "account_id_form": "objectid", "user_id_form": "0190163D-8694-739B-AEA5-966C26F8AD91", "timestamp_form": "2026-03-01T09:30:00.123+01:00",
    "request_platform": "web", "amplitude_track_id": 18446744073709551615, "amplitude_tracked_device": "phone", "publish_time": "2026-03-01T08:30:01.5Z", "schema_id": 9007199254740993, "batch_id": 1, "position": 7}$$), '', 'a full event');
select is(event, $${"data": {"id": "a", "amount": 1.5}, "attributes": {"timestampStamp": "2026-03-01T09:30:00.123+01:00", "messageIdStamp": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "type": "paid", "targetSubscription": "books",
    "newContextStamp": {"accountId": "507f1f77bcf86cd799439011", "userId": "0190163D-8694-739B-AEA5-966C26F8AD91", "requestPlatform": "web"}, "amplitudeTrackStamp": {"id": 18446744073709551615, "trackedDevice": "phone"}},
    "metadata": {"correlationId": "017f22e2-79b0-7cc3-98c4-dc0c0c000003", "publishTime": "2026-03-01T08:30:01.500Z", "schemaId": 9007199254740993}}$$::jsonb, 'comes back') from events.enriched;
delete from public.events;
select is(pg_temp.stored('{"publish_time": "2026-03-01T08:30:01Z", "schema_id": 1}'), '', 'an event of the least');
set local timezone = 'Asia/Kathmandu';
select is(event, $${"data": {"id": "a", "amount": 1.5}, "attributes": {"timestampStamp": "2026-03-01T08:30:00.123Z", "messageIdStamp": "01563e3a-b5d3-d676-4c61-efb99302bd5b", "type": "paid", "targetSubscription": "books",
    "newContextStamp": {"accountId": "507f1f77-bcf8-6cd7-ff6f-696499439011", "userId": "0190163d-8694-739b-aea5-966c26f8ad91"}},
    "metadata": {"correlationId": "017f22e2-79b0-7cc3-98c4-dc0c0c000003", "publishTime": "2026-03-01T08:30:01.000Z", "schemaId": 1}}$$::jsonb, 'comes back without what was not sent, whatever the time zone') from events.enriched;
reset timezone;
select is(events.instant_text('2026-03-01T08:30:00.123456Z'), '2026-03-01T08:30:00.123456Z', 'microseconds where there are some');

-- Who reads what.
set local role privacy;
select count(*) as clear from events.enriched \gset
set local role analytics;
select type || ' ' || new_context_account_id as masked from analytics.events \gset
reset role;
select is(:clear, 1, 'privacy reads events in clear');
select is(:'masked'::text, 'paid 507f1f77-bcf8-6cd7-ff6f-696499439011', 'analytics reads the masked view');
select ok(not has_any_column_privilege('analytics', 'public.events', 'select') and not has_schema_privilege('analytics', 'public', 'usage'), 'and not the table');
select ok(not has_column_privilege('masker', 'public.events', c, 'select'), 'no ' || c || ' is shown')
from unnest('{message_id_stamp,new_context_user_id,data,user_id_form,amplitude_tracked_device,position}'::text[]) c;
select * from finish();
rollback;
