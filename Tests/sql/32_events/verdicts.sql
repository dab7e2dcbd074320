-- What each event comes to: every rule has an event that breaks it and one beside it that does not; what is stored comes back
-- exactly, whatever way ids and times were written.
begin;
\ir ../support.psql
\ir feed.psql
select * from no_plan();
create temp table said (place integer generated always as identity, event jsonb, want text, note text);
create function pg_temp.at(p_from interval, p_format text default 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') returns text language sql as $$
    select to_char(now() at time zone 'UTC' + p_from, p_format) $$;
-- A change below attributes, or below one of its stamps.
create function pg_temp.attr(p jsonb) returns jsonb language sql as $$ select jsonb_build_object('attributes', p) $$;
create function pg_temp.context(p jsonb, p_less text default '') returns jsonb language sql as $$
    select pg_temp.attr(jsonb_build_object('newContextStamp', '{"accountId": "507f1f77-bcf8-4cd7-bf6f-696499439011", "userId": "0190163d-8694-739b-aea5-966c26f8ad91"}'::jsonb - p_less || p)) $$;
create function pg_temp.amplitude(p jsonb) returns jsonb language sql as $$ select pg_temp.attr(jsonb_build_object('amplitudeTrackStamp', p)) $$;
insert into said (event, want, note)
select pg_temp.event(change) #- coalesce(less, '{none}')::text[], want, left(change::text || coalesce(' without ' || less, ''), 100)
from (values
    ('{}'::jsonb, null, 'stored'),
    -- data
    ('{}', '{data}', 'data_missing'), ('{"data":null}', null, 'data_missing'), ('{"data":[]}', null, 'data_type'), ('{"data":"x"}', null, 'data_type'), ('{"data":5}', null, 'data_type'),
    ('{"data":{}}', null, 'data_id_missing,amount_missing'), ('{"data":{"id":7,"amount":1}}', null, 'data_id_type'), ('{"data":{"id":null,"amount":null}}', null, 'data_id_missing,amount_missing'),
    ('{"data":{"id":"","amount":0}}', null, 'stored'), ('{"data":{"id":"a\tb\u2028\u0001","amount":-0.5}}', null, 'stored'), ('{"data":{"id":"x","amount":"1"}}', null, 'amount_type'), ('{"data":{"id":"x","amount":true}}', null, 'amount_type'),
    ('{"data":{"id":"x","amount":1.7976931348623157e308}}', null, 'stored'), ('{"data":{"id":"x","amount":1.8e308}}', null, 'amount_out_of_range'), ('{"data":{"id":"x","amount":-1e400}}', null, 'amount_out_of_range'), ('{"data":{"id":"x","amount":5e-324}}', null, 'stored'),
    ('{"data":{"id":"x","amount":1,"note":1}}', null, 'stored'), ('{"more":null}', null, 'unknown_field'), ('{"headers":{}}', null, 'unknown_field'),
    -- attributes
    ('{}', '{attributes}', 'attributes_missing'), ('{}', '{attributes,type}', 'event_type_missing'), ('{}', '{attributes,targetSubscription}', 'target_subscription_missing'),
    ('{}', '{attributes,timestampStamp}', 'timestamp_missing'), ('{}', '{attributes,messageIdStamp}', 'message_id_missing'), ('{}', '{attributes,newContextStamp}', 'new_context_missing'),
    (pg_temp.attr('{"type":""}'), null, 'event_type_missing'), (pg_temp.attr('{"type":null}'), null, 'event_type_missing'), (pg_temp.attr('{"type":7}'), null, 'event_type_type'), (pg_temp.attr('{"type":{}}'), null, 'event_type_type'),
    (pg_temp.attr(jsonb_build_object('type', repeat('ü', 200))), null, 'stored'), (pg_temp.attr(jsonb_build_object('type', repeat('ü', 201))), null, 'event_type_too_long'), (pg_temp.attr('{"type":"a\u0007"}'), null, 'event_type_characters'), (pg_temp.attr('{"type":"a\u0085"}'), null, 'event_type_characters'),
    (pg_temp.attr('{"targetSubscription":""}'), null, 'target_subscription_missing'), (pg_temp.attr('{"targetSubscription":[]}'), null, 'target_subscription_type'), (pg_temp.attr('{"targetSubscription":"a\nb"}'), null, 'target_subscription_characters'),
    (pg_temp.attr(jsonb_build_object('targetSubscription', repeat('x', 201))), null, 'target_subscription_too_long'), (pg_temp.attr('{"surprise":1}'), null, 'unknown_field'),
    (pg_temp.attr('{"X-Message-Stamp-A\\B\\TimestampStamp":"x"}'), null, 'unknown_field'),
    -- time
    (pg_temp.attr('{"timestampStamp":""}'), null, 'timestamp_missing'), (pg_temp.attr('{"timestampStamp":null}'), null, 'timestamp_missing'), (pg_temp.attr('{"timestampStamp":1700000000}'), null, 'timestamp_malformed'), (pg_temp.attr('{"timestampStamp":{}}'), null, 'timestamp_malformed'),
    (pg_temp.attr('{"timestampStamp":"yesterday"}'), null, 'timestamp_malformed'), (pg_temp.attr('{"timestampStamp":"2026-02-30T10:00:00Z"}'), null, 'timestamp_malformed'), (pg_temp.attr('{"timestampStamp":"52217-01-01T00:00:00Z"}'), null, 'timestamp_malformed'), (pg_temp.attr('{"timestampStamp":"+52217-01-01T00:00:00Z"}'), null, 'timestamp_malformed'),
    (pg_temp.attr('{"timestampStamp":"9999-12-31T23:59:59Z"}'), null, 'timestamp_in_future'), (pg_temp.attr('{"timestampStamp":"2099-12-31T23:59:59.5Z"}'), null, 'timestamp_in_future'), (pg_temp.attr('{"timestampStamp":"2001-01-01T00:00:00Z"}'), null, 'timestamp_too_old'), (pg_temp.attr('{"timestampStamp":"0001-01-01T00:00:00+14:00"}'), null, 'timestamp_too_old'),
    (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('59 min'))), null, 'stored'), (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('61 min'))), null, 'timestamp_in_future'),
    (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('-399 days'))), null, 'stored'), (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('-401 days'))), null, 'timestamp_too_old'),
    (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('-1 h', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))), null, 'stored'), (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('-1 h', 'YYYY-MM-DD"T"HH24:MI:SS".123456Z"'))), null, 'stored'),
    (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('-1 h', 'YYYY-MM-DD"T"HH24:MI:SS".123000Z"'))), null, 'stored'), (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('1 h', 'YYYY-MM-DD"T"HH24:MI:SS".5+02:00"'))), null, 'stored'),
    (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('-4 h', 'YYYY-MM-DD"T"HH24:MI:SS".000-03:30"'))), null, 'stored'), (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('-1 h', 'YYYY-MM-DD"T"HH24:MI:SS".1234567Z"'))), null, 'timestamp_malformed'),
    (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('-1 h', 'YYYY-MM-DD"T"HH24:MI:SS'))), null, 'timestamp_malformed'), (pg_temp.attr(jsonb_build_object('timestampStamp', pg_temp.at('-1 h', 'YYYY-MM-DD HH24:MI:SS"Z"'))), null, 'timestamp_malformed'),
    (pg_temp.attr(jsonb_build_object('timestampStamp', '2024-02-29T10:00:00Z')), null, 'timestamp_too_old'), (pg_temp.attr(jsonb_build_object('timestampStamp', '2023-02-29T10:00:00Z')), null, 'timestamp_malformed'),
    -- ids
    (pg_temp.attr('{"messageIdStamp":""}'), null, 'message_id_missing'), (pg_temp.attr('{"messageIdStamp":"x"}'), null, 'message_id_malformed'), (pg_temp.attr('{"messageIdStamp":123456789012345678901234}'), null, 'message_id_malformed'), (pg_temp.attr('{"messageIdStamp":12345678901234567890123456789012}'), null, 'message_id_malformed'),
    (pg_temp.attr('{"messageIdStamp":["a"]}'), null, 'message_id_malformed'), (pg_temp.attr('{"messageIdStamp":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}'), null, 'stored'), (pg_temp.attr('{"messageIdStamp":"01arz3ndektsv4rrffq69g5fav"}'), null, 'conflict'), (pg_temp.attr('{"messageIdStamp":"507f1f77bcf86cd799439011"}'), null, 'stored'),
    (pg_temp.attr('{"messageIdStamp":"URN:UUID:A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"}'), null, 'stored'), (pg_temp.attr('{"messageIdStamp":"{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12}"}'), null, 'stored'), (pg_temp.attr('{"messageIdStamp":"a0eebc999c0b4ef8bb6d6bb9bd380a13"}'), null, 'stored'),
    (pg_temp.attr('{"messageIdStamp":"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A14"}'), null, 'stored'), (pg_temp.attr('{"messageIdStamp":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1-"}'), null, 'message_id_malformed'), (pg_temp.attr('{"messageIdStamp":"a0eebc999-c0b-4ef8-bb6d-6bb9bd380a15"}'), null, 'message_id_malformed'),
    (pg_temp.context('{}', 'accountId'), null, 'account_id_missing'), (pg_temp.context('{}', 'userId'), null, 'user_id_missing'), (pg_temp.context('{"accountId":null,"userId":""}'), null, 'account_id_missing,user_id_missing'),
    (pg_temp.context('{"accountId":"-07f1f77-bcf8-4cd7-bf6f-696499439011","userId":7}'), null, 'account_id_malformed,user_id_malformed'), (pg_temp.context('{"accountId":"507f1f77bcf86cd799439011","userId":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}'), null, 'stored'),
    (pg_temp.context('{"accountId":"507F1F77BCF86CD799439011","userId":"7ZZZZZZZZZZZZZZZZZZZZZZZZZ"}'), null, 'stored'), (pg_temp.context('{"x":1}'), null, 'unknown_field'), (pg_temp.attr('{"newContextStamp":"[]"}'), null, 'new_context_type'), (pg_temp.attr('{"newContextStamp":[]}'), null, 'new_context_type'),
    -- the rest
    (pg_temp.context('{"requestPlatform":"web"}'), null, 'stored'), (pg_temp.context('{"requestPlatform":""}'), null, 'stored'), (pg_temp.context('{"requestPlatform":7}'), null, 'request_platform_type'), (pg_temp.context('{"requestPlatform":"a\u001f"}'), null, 'request_platform_characters'),
    (pg_temp.context(jsonb_build_object('requestPlatform', repeat('p', 201))), null, 'request_platform_too_long'),
    (pg_temp.amplitude('{"id":0}'), null, 'stored'), (pg_temp.amplitude('{"id":18446744073709551615,"trackedDevice":"Téléphone"}'), null, 'stored'), (pg_temp.amplitude('{"id":18446744073709551616}'), null, 'amplitude_id_out_of_range'), (pg_temp.amplitude('{"id":-1}'), null, 'amplitude_id_out_of_range'),
    (pg_temp.amplitude('{"id":1e300}'), null, 'amplitude_id_out_of_range'), (pg_temp.amplitude('{"id":1.5}'), null, 'amplitude_id_malformed'), (pg_temp.amplitude('{"id":"7"}'), null, 'amplitude_id_malformed'), (pg_temp.amplitude('{"id":true}'), null, 'amplitude_id_malformed'), (pg_temp.amplitude('{}'), null, 'amplitude_id_missing'),
    (pg_temp.amplitude('{"id":9999999999999999999}'), null, 'stored'), (pg_temp.amplitude('{"id":99999999999999999999}'), null, 'amplitude_id_out_of_range'), (pg_temp.amplitude('[]'), null, 'amplitude_track_type'), (pg_temp.amplitude('7'), null, 'amplitude_track_type'),
    (pg_temp.amplitude('{"id":1,"x":2}'), null, 'unknown_field'), (pg_temp.amplitude('{"id":1,"trackedDevice":7}'), null, 'tracked_device_type'), (pg_temp.amplitude('{"id":1,"trackedDevice":"\u009f"}'), null, 'tracked_device_characters'),
    (pg_temp.amplitude(jsonb_build_object('id', 1, 'trackedDevice', repeat('d', 1000))), null, 'stored'), (pg_temp.amplitude(jsonb_build_object('id', 1, 'trackedDevice', repeat('d', 1001))), null, 'tracked_device_too_long'),
    (pg_temp.amplitude('{"trackedDevice":"x"}'), null, 'amplitude_id_missing'),
    -- everything at once
    ('{"attributes":{"type":7,"targetSubscription":null,"timestampStamp":"now","messageIdStamp":"x","newContextStamp":{"requestPlatform":1},"amplitudeTrackStamp":{"id":"x","trackedDevice":[]}},"data":{"amount":"x"},"z":1}', null,
     'unknown_field,data_id_missing,amount_type,timestamp_malformed,message_id_malformed,event_type_type,target_subscription_missing,account_id_missing,user_id_missing,request_platform_type,amplitude_id_malformed,tracked_device_type')
) as t (change, less, want);
insert into said (event, want, note) select e, 'not_an_object', e::text from unnest('{"null",true,5,"\"x\"",[],"[{}]"}'::jsonb[]) e;
insert into said (event, want, note) values ('{"data":{"id":"x","amount":1},"attributes":"x"}', 'attributes_type', 'attributes of another type'), ('{"data":{"id":"x","amount":1},"attributes":null}', 'attributes_missing', 'attributes null'), ('{}', 'data_missing,attributes_missing', 'nothing at all');
select pg_temp.land((select array_agg(event order by place) from said)) as batch \gset
select results_eq('select received from pg_temp.promote_events()', 'select count(*) from said', 'the batch is promoted');
select is(pg_temp.told_of(:batch, place), want, note) from said order by place;
select is_empty(format($$select c from staging.reject r, unnest(r.codes) c where batch_id = %s and c not in (select code from ops.rule where feed in ('events.raw', '*'))$$, :batch), 'every code has its rule');
select is((select count(*) from ops.rule u where feed = 'events.raw' and code not in ('duplicate_event', 'correlation_id_malformed', 'bad_magic_byte', 'unknown_schema', 'malformed_avro', 'number_not_finite')
    and not exists (select from staging.reject where batch_id = :batch and codes @> array[u.code])), 0::bigint, 'and every rule of the judge was broken here');

-- What is stored comes back as it was, whatever the forms.
select is_empty(format($$select s.event, e.event from said s join ops.kafka_batch k on k.batch_id = %s
    join events.enriched e on e.batch_id = k.batch_id and e.position = k.from_offset + s.place - 1
    where e.event - 'metadata' <> s.event or e.event #>> '{metadata,schemaId}' <> '7' or (e.event #>> '{metadata,publishTime}')::timestamptz <> now() - interval '30 minutes'
        or e.event #>> '{metadata,correlationId}' <> (select convert_from(message_key, 'UTF8') from staging.event t where t.batch_id = k.batch_id and t.position = e.position)$$, :batch), 'every event comes back as it was sent');
select cmp_ok(count(*), '>', 20::bigint, 'and there are some') from public.events where batch_id = :batch;
select is((select count(*) from public.events where batch_id = :batch and package_size = (select count(*) from said) and schema_id = 7 and publish_time is not null), (select count(*) from public.events where batch_id = :batch), 'with size of package, schema and time of publishing');
select is_empty(format($$select * from public.events e join events.message m on m.message_id = e.message_id_stamp where e.batch_id = %s and (m.correlation_id, m.timestamp_stamp, m.batch_id, m.position) is distinct from (e.correlation_id, e.timestamp_stamp, e.batch_id, e.position)$$, :batch), 'the ledger says the same');
select is(events.kept_instant(t), case when events.instant_text(t::timestamptz) <> t then t end, t) from unnest('{2026-03-01T08:30:00.123Z,2026-03-01T08:30:00Z,2026-03-01T08:30:00.000Z,2026-03-01T08:30:00.123456Z,2026-03-01T08:30:00.123000Z,2026-03-01T08:30:00.1Z,2026-03-01T08:30:00.000+00:00,2026-03-01T08:30:00.12345Z}'::text[]) t;

-- Keys: correlation ids only.
create temp table keyed as select row_number() over () as place, key, want from (values ('019a0000-0000-7000-8000-000000100001', 'stored'), ('019a0000-0000-7000-bfff-ffffffffffff', 'stored'),
    ('019a0000-0000-7000-8000-000000100000', 'correlation_id_malformed'), ('019a0000-0000-4000-8000-000000100001', 'correlation_id_malformed'), ('019a0000-0000-7000-c000-000000100001', 'correlation_id_malformed'),
    ('019A0000-0000-7000-8000-000000100001', 'correlation_id_malformed'), ('', 'correlation_id_malformed'), (null, 'correlation_id_malformed'), ('019a000000007000800000000010000100001', 'correlation_id_malformed'),
    ('018a0000-0000-7000-8000-0000001ü001', 'correlation_id_malformed'), ('019a0000-0000-7000-8000-00000010000g', 'correlation_id_malformed')) t (key, want);
select pg_temp.land((select array_agg(pg_temp.event() order by place) from keyed), p_keys => (select array_agg(key order by place) from keyed)) as keyed \gset
select pg_temp.land((select array_agg(pg_temp.event(p_id => upper(gen_random_uuid()::text)) order by place) from keyed), p_keys => (select array_agg(key order by place) from keyed)) as written \gset
select pg_temp.promote_events() \g /dev/null
select is(pg_temp.told_of(:keyed, place), want, 'key ' || coalesce(key, 'null')) from keyed;
select is(pg_temp.told_of(:written, place), want, 'key of an event that is not plain ' || coalesce(key, 'null')) from keyed;

-- Defects are the loader's word; bytes that it should not have vouched for are found out.
select pg_temp.land_events(array['\x00'::bytea, '', '\xff00', convert_to(pg_temp.event()::text, 'UTF8'), '\xff', '{"a"', convert_to('{"a":"\u0000"}', 'UTF8'), '{"data":1e999999}', ('[' || repeat('[', 20000))::bytea],
    p_defects => '{bad_magic_byte,tombstone,malformed_avro}'::text[]) as broken \gset
select results_eq('select received, stored, rejected from pg_temp.promote_events()', 'values (9::bigint, 1::bigint, 8::bigint)', 'broken bytes stop nothing');
select is(array(select pg_temp.told_of(:broken, n) from generate_series(1, 9) n), '{bad_magic_byte,tombstone,malformed_avro,stored,invalid_utf8,invalid_json,invalid_json,invalid_json,invalid_json}', 'each by its name');
select is_empty($$select * from ops.reconcile('events.raw')$$, 'the books hold');
select * from finish();
rollback;
