-- Lines of the archive: what they say, whatever the bytes; the same bytes under any settings of the session; measured so that no
-- object is larger than it may be.
begin;
\ir ../support.psql
\ir ../32_events/feed.psql
\ir archive.psql
select * from no_plan();
create function pg_temp.line(p_batch bigint, p_place bigint, p_kind text default 'dead_letter') returns jsonb language sql as $$
    select l.line::jsonb
    from ops.archive_object o
    join ops.archive_piece p using (object_id)
    left join ops.kafka_batch k using (batch_id)
    cross join lateral (
        select * from ops.letter_lines(p.batch_id, p.run_id, p.first_position, p.last_position) where o.kind = 'dead_letter'
        union all
        select * from ops.event_lines(p.batch_id, p.run_id, p.first_position, p.last_position, p.first_at, p.last_at) where o.kind = 'event') l
    where p.batch_id = p_batch and o.kind = p_kind and l.position = coalesce(k.from_offset, 1) + p_place - 1
$$;

-- Events: hostile values, every optional one.
create temp table sent as
select n, e from (values
    (1, pg_temp.event()),
    (2, pg_temp.event(jsonb_build_object('data', jsonb_build_object('id', e'quote " backslash \\ tab \t newline \n ünï \U0001F600', 'amount', 1e300)))),
    (3, pg_temp.event(jsonb_build_object('data', '{"id": "", "amount": 0.10}'::jsonb, 'attributes', jsonb_build_object('type', repeat('"', 200), 'targetSubscription', repeat('\', 200))))),
    (4, pg_temp.event(jsonb_build_object('attributes', jsonb_build_object('timestampStamp', to_char(now() at time zone 'UTC' - interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00',
        'newContextStamp', '{"accountId": "507F1F77BCF86CD799439011", "userId": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "requestPlatform": "ünï\"\\"}'::jsonb,
        'amplitudeTrackStamp', jsonb_build_object('id', 18446744073709551615, 'trackedDevice', repeat('"\', 500)))))),
    (5, pg_temp.event(jsonb_build_object('data', jsonb_build_object('id', repeat('ü', 100000), 'amount', -1e-300)))),
    (6, '{"data": {"id": "x", "amount": 1}}'),
    (8, pg_temp.event(jsonb_build_object('attributes', jsonb_build_object('type', 'a', 'targetSubscription', 'b', 'timestampStamp', to_char(now() at time zone 'UTC' - interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS') || '.123456Z',
        'newContextStamp', '{"accountId": "507f1f77-bcf8-4cd7-bf6f-696499439011", "userId": "0190163d-8694-739b-aea5-966c26f8ad91", "requestPlatform": "c"}'::jsonb, 'amplitudeTrackStamp', '{"id": 18446744073709551615, "trackedDevice": "d"}'::jsonb)))),
    (7, pg_temp.event(jsonb_build_object('data', jsonb_build_object('id', repeat(e'\n', 262000), 'amount', 'none'))))
) as v (n, e);
select pg_temp.land((select array_agg(e order by n) from sent)) as events \gset
select count(*) from pg_temp.promote_events() \g /dev/null
select results_eq('select stored, rejected from ops.batch where batch_id = ' || :events, 'values (6::bigint, 2::bigint)', 'six are stored');
select pg_temp.seal(true) \g /dev/null
select is(pg_temp.line(:events, n, 'event'), (select event from events.enriched where batch_id = :events and position = (select from_offset + n - 1 from ops.kafka_batch where batch_id = :events)), 'event ' || n || ' is as events.enriched has it')
from unnest('{1,2,3,4,5,8}'::int[]) n;
select is((pg_temp.line(:events, n, 'event') -> 'data') = (e -> 'data') and (pg_temp.line(:events, n, 'event') -> 'attributes') = (e -> 'attributes'), true, 'event ' || n || ' says what was sent') from sent where n <= 5 or n = 8;
select ok(s.bytes > octet_length(l.line), format('event %s: its size is no less than its line''s', l.position))
from ops.archive_piece p join ops.archive_object o using (object_id), ops.event_sizes(p.batch_id, p.run_id, p.first_at, p.last_at) s join ops.event_lines(p.batch_id, p.run_id, 0, 1000, p.first_at, p.last_at) l using (position)
where o.kind = 'event';
select is(pg_temp.line(:events, 7) ->> 'payload', e::text, 'a dead letter of 256 KiB has all of its text') from sent where n = 7;

select cmp_ok(max(s.bytes - octet_length(l.line)), '<', 1500::bigint, 'nor much more') from ops.archive_piece p join ops.archive_object o using (object_id), ops.event_sizes(p.batch_id, p.run_id, p.first_at, p.last_at) s join ops.event_lines(p.batch_id, p.run_id, 0, 1000, p.first_at, p.last_at) l using (position) where o.kind = 'event';
update public.events set schema_id = 9223372036854775807;
select ok(s.bytes > octet_length(l.line), format('event %s: nor with the largest schema id', l.position)) from ops.archive_piece p join ops.archive_object o using (object_id), ops.event_sizes(p.batch_id, p.run_id, p.first_at, p.last_at) s join ops.event_lines(p.batch_id, p.run_id, 0, 1000, p.first_at, p.last_at) l using (position) where o.kind = 'event';

-- Bytes that are no text.
select pg_temp.land_events(array['\x00ff0a'::bytea, '\x610062', '\xe28082e2', '', '\x7b22', convert_to(repeat(e'\x01"\\', 80000), 'UTF8'), '\xeda080', '\xc080', '\xf4908080']::bytea[],
    p_keys => array['k', '', null, e'a"b\n', 'ü', 'k', 'k', 'k', 'k'], p_defects => array['malformed_avro', 'malformed_avro', 'malformed_avro', 'tombstone', 'invalid_json', 'malformed_avro', 'malformed_avro', 'malformed_avro', 'malformed_avro']) as bytes \gset
update staging.event set message_key = '\xff00' where batch_id = :bytes and position = (select from_offset from ops.kafka_batch where batch_id = :bytes);
select count(*) from pg_temp.promote_events() \g /dev/null
select pg_temp.seal(true) \g /dev/null
select is(coalesce(convert_to(l ->> 'payload', 'UTF8'), decode(l ->> 'payloadBase64', 'base64')), r.payload, format('bytes %s come back: %s', place, case when l ? 'payload' then 'text' else 'base64' end))
from generate_series(1, 9) place, lateral (select pg_temp.line(:bytes, place) as l) l, ops.kafka_batch k join staging.reject r on r.batch_id = k.batch_id
where k.batch_id = :bytes and r.position = k.from_offset + place - 1;
select is((select string_agg(case when l ? 'payload' then 't' else 'b' end, '' order by place) from generate_series(1, 9) place, lateral (select pg_temp.line(:bytes, place) as l) l), 'bbbttbbbb', 'as text where they are, without control characters');
select cmp_ok(octet_length(pg_temp.line(:bytes, 6)::text), '<', 2 * 240000, 'which would make a line several times as long as its record');
select is(array_agg(n order by n) filter (where ops.utf8_text(convert_to('a' || chr(n), 'UTF8')) is not null), array[9, 10, 13] || array(select generate_series(32, 130)), 'control characters but tabs and line ends') from generate_series(1, 130) n;
select is(coalesce(convert_to(l ->> 'key', 'UTF8'), decode(l ->> 'keyBase64', 'base64')), r.message_key, format('key %s comes back', place))
from generate_series(1, 9) place, lateral (select pg_temp.line(:bytes, place) as l) l, ops.kafka_batch k join staging.reject r on r.batch_id = k.batch_id
where k.batch_id = :bytes and r.position = k.from_offset + place - 1;
select is((select string_agg(case when l ? 'keyBase64' then 'b' when l ? 'key' then 't' else '-' end, '' order by place) from generate_series(1, 9) place, lateral (select pg_temp.line(:bytes, place) as l) l), 'bt-tttttt', 'as text where it is one');
select is((select count(*) from ops.archive_object o, ops.archive_lines(o.object_id) l where octet_length(l) <> octet_length(replace(convert_from(l, 'UTF8'), e'\n', '')) or convert_from(l, 'UTF8')::jsonb is null), 0::bigint, 'every line is a line, and JSON');

-- A dead letter in full: of events, of customers, of a file.
select is(pg_temp.line(:events, 6) - '{position,run,batch,receivedAt,publishedAt,correlationId,key}'::text[], jsonb_build_object('feed', 'events.raw', 'codes', '["attributes_missing"]'::jsonb, 'reasons', '["attributes are missing"]'::jsonb,
    'source', jsonb_build_object('cluster', 'test', 'topic', 'events.raw', 'partition', 0, 'offset', (select from_offset + 5 from ops.kafka_batch where batch_id = :events)), 'payload', '{"data": {"id": "x", "amount": 1}}', 'schemaId', 7), 'an event');
select is((select array[(l ->> 'position')::bigint, (l ->> 'run')::bigint, (l ->> 'batch')::bigint] from pg_temp.line(:events, 6) l), (select array[from_offset + 5, promoted_run, batch_id] from ops.batch join ops.kafka_batch using (batch_id) where batch_id = :events), 'says where it was judged');
select is(l ->> 'receivedAt', events.instant_text(received_at), 'when it was landed') from ops.batch, pg_temp.line(:events, 6) l where batch_id = :events;
select is((l ->> 'publishedAt')::timestamptz, now() - interval '30 minutes', 'when Kafka took it') from pg_temp.line(:events, 6) l;
select is(l ->> 'correlationId', l ->> 'key', 'and its correlation id') from pg_temp.line(:events, 6) l;
select pg_temp.land(array['Ann Ash,ann@x.com,1990-01-01,1', '"Bob, B.",b@x.com,1990-01-01,1'], p_name => 'jänner "1".csv') as filed \gset
select count(*) from pg_temp.promote() \g /dev/null
select pg_temp.seal(true) \g /dev/null
select is(pg_temp.line(:filed, 2) - '{run,receivedAt,codes,reasons}'::text[], jsonb_build_object('feed', 'membership.application', 'batch', :filed, 'position', 2, 'source', jsonb_build_object('file', 'jänner "1".csv', 'line', 3, 'record', 2), 'payload', '"Bob, B.",b@x.com,1990-01-01,1'), 'a record of a file');

-- In the order batch, run, position.
select pg_temp.land((select array_agg(case when n % 3 = 0 then '{}' else pg_temp.event() end order by n) from generate_series(1, 40) n where b > 0)) from generate_series(1, 3) b \g /dev/null
select count(*) from pg_temp.promote_events() \g /dev/null
select pg_temp.seal(true) \g /dev/null
select is(array(select convert_from(l.line, 'UTF8')::jsonb #>> '{metadata,correlationId}' from ops.archive_lines(o.object_id) with ordinality l (line, place) order by l.place),
    array(select e.correlation_id::text from public.events e join ops.archive_piece p on (p.object_id, p.batch_id, p.run_id) = (o.object_id, e.batch_id, e.run_id) order by e.batch_id, e.run_id, e.position), 'events of object ' || o.object_id) from ops.archive_object o where kind = 'event';
select is(array(select array[(l.line ->> 'batch')::bigint, (l.line ->> 'run')::bigint, (l.line ->> 'position')::bigint] from (select convert_from(t.line, 'UTF8')::jsonb as line, t.place from ops.archive_lines(o.object_id) with ordinality t (line, place)) l order by l.place),
    array(select array[r.batch_id, r.run_id, r.position] from staging.reject r join ops.archive_piece p on (p.object_id, p.batch_id, p.run_id) = (o.object_id, r.batch_id, r.run_id) where r.disposition = 'rejected' order by 1), 'dead letters of object ' || o.object_id) from ops.archive_object o where kind = 'dead_letter';

-- The same bytes whatever the session's settings.
create temp table once as select object_id, pg_temp.content(object_id) as content from ops.archive_object;
create function pg_temp.differs(p_name text, p_value text) returns bigint language plpgsql as $$
declare
    v_differ bigint;
begin
    perform set_config(p_name, p_value, true);
    select count(*) into v_differ from once where content <> pg_temp.content(object_id);
    return v_differ;
end
$$;
grant select on once to relay;
select is(pg_temp.differs(name, value), 0::bigint, format('%s %s', name, value))
from (values ('timezone', 'Asia/Kathmandu'), ('timezone', 'America/St_Johns'), ('datestyle', 'German, DMY'), ('intervalstyle', 'iso_8601'), ('extra_float_digits', '-15'), ('bytea_output', 'escape'),
    ('lc_time', 'C'), ('lc_numeric', 'C'), ('standard_conforming_strings', 'off'), ('quote_all_identifiers', 'on'), ('search_path', 'pg_temp, public'), ('enable_bitmapscan', 'off'), ('enable_sort', 'off'), ('work_mem', '64kB'), ('plan_cache_mode', 'force_generic_plan'), ('escape_string_warning', 'off')) as v (name, value);
select is(count(*) > 2, true, 'of several objects') from once;
select is(pg_temp.state_as('relay', 'select * from ops.archive_lines(-1)'), 'EM065', 'an object that is not there');
select is(pg_temp.state_as('relay', 'select * from ops.archive_object_claimed(-1)'), 'EM060', 'nor to be claimed');
select is_empty('select * from pg_temp.faults()', 'all of it is well');
select * from finish();
rollback;
