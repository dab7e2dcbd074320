-- The feed as a whole: duplicates and conflicts, days made on demand, rows that a constraint refuses, replays, dead letters of
-- the door and of ours, what a package and an event came to, and what is forgotten.
begin;
\ir ../support.psql
\ir feed.psql
select * from no_plan();

-- Duplicates and conflicts: within a batch the lowest offset wins, between batches and partitions the one promoted first.
select pg_temp.event(p_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV') as ulid, pg_temp.event(p_id => 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11') as first,
    pg_temp.event('{"data":{"id":"other","amount":1}}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11') as other, pg_temp.event('{"data":{"id":"a-1","amount":12.50}}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11') as same \gset
select pg_temp.land(array[:'first', :'other', :'first', :'ulid', :'same', pg_temp.event(p_id => '01563e3a-b5d3-d676-4c61-efb99302bd5b')]::jsonb[]) as within \gset
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote_events()', 'values (6::bigint, 2::bigint, 2::bigint, 2::bigint)', 'counts');
select is(array(select pg_temp.told_of(:within, n) from generate_series(1, 6) n), '{stored,conflict,"duplicate: duplicate_event",stored,"duplicate: duplicate_event",conflict}',
    'within a batch; 12.50 is 12.5; a ULID and the UUID of its bits are one id');
select pg_temp.land(array[:'other', :'first', :'ulid', pg_temp.event()]::jsonb[], p_partition => 3, p_origins => '{NULL,NULL,NULL,NULL}') as between \gset
select pg_temp.land(array[:'other', :'first', '{}', pg_temp.event()]::jsonb[], p_partition => 4, p_origins => array_fill('promote'::text, '{4}')) as returned \gset
select count(*) from pg_temp.promote_events() \g /dev/null
select is(array(select pg_temp.told_of(:between, n) from generate_series(1, 4) n), '{conflict,"duplicate: duplicate_event","duplicate: duplicate_event",stored}', 'between partitions');
select is(array(select pg_temp.told_of(:returned, n) from generate_series(1, 4) n), '{"duplicate: returned_dead_letter,conflict","duplicate: duplicate_event","duplicate: returned_dead_letter,data_missing,attributes_missing",stored}',
    'a dead letter that comes back is no other reject');
select is((select reasons[1] from staging.reject where batch_id = :between and codes = '{conflict}'), 'another event of the same messageIdStamp has been stored already', 'as a sentence');
select is((select count(*) from public.events), (select count(*) from events.message), 'each stored event once');
select is(pg_temp.told_of(pg_temp.land('{}'::jsonb[] || :'first'::jsonb), 1), 'nothing', 'nothing is judged at landing');
select count(*) from pg_temp.promote_events() \g /dev/null

-- A later version of the schema has more in data: it is kept, and counts.
select pg_temp.event('{"data":{"id":"a-1","amount":1,"currency":"EUR"}}', '5b0eebc9-9c0b-4ef8-bb6d-6bb9bd380a11') as with_more,
    pg_temp.event('{"data":{"id":"a-1","amount":1,"currency":"USD"}}', '5b0eebc9-9c0b-4ef8-bb6d-6bb9bd380a11') as with_other,
    pg_temp.event('{"data":{"id":"a-1","amount":1}}', '5b0eebc9-9c0b-4ef8-bb6d-6bb9bd380a11') as with_none \gset
select pg_temp.land(array[:'with_more', :'with_more', :'with_other', :'with_none']::jsonb[]) as evolved \gset
select count(*) from pg_temp.promote_events() \g /dev/null
select is(array(select pg_temp.told_of(:evolved, n) from generate_series(1, 4) n), '{stored,"duplicate: duplicate_event",conflict,conflict}', 'a new field of data is part of the event');
select is((select data from public.events where batch_id = :evolved), '{"id": "a-1", "amount": 1, "currency": "EUR"}', 'and stored with it');

-- Days on demand, over the whole window and not a day more; at its ends too.
create temp table days as select inhrelid::regclass::text as day from pg_inherits where inhparent = 'public.events'::regclass;
create function pg_temp.on_day(p_from interval) returns jsonb language sql as $$
    select pg_temp.event(jsonb_build_object('attributes', jsonb_build_object('timestampStamp', to_char(now() at time zone 'UTC' + p_from, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))) $$;
select pg_temp.land(array_agg(pg_temp.on_day(d)) || pg_temp.event('{"attributes":{"timestampStamp":"9999-12-31T00:00:00Z"}}') || pg_temp.event('{"attributes":{"timestampStamp":"52217-01-01T00:00:00Z"}}')) as days
from (select make_interval(days => -n) as d from generate_series(0, 399, 57) n) n \gset
select results_eq('select stored, rejected from pg_temp.promote_events()', 'values (8::bigint, 2::bigint)', 'late events have their days made, impossible ones stop nothing');
select is((select count(*) from pg_inherits where inhparent = 'public.events'::regclass and inhrelid::regclass::text not in (select day from days)), 7::bigint, 'seven days that were not there, and no year 52217');
select is((select array_agg(codes[1] order by position) from staging.reject where batch_id = :days), '{timestamp_in_future,timestamp_malformed}', 'by their codes');

-- The window is the one at landing, but for what retention has dropped since.
select pg_temp.land(array[pg_temp.on_day('-20 days'), pg_temp.on_day('-3 days'), pg_temp.on_day('30 min')]) as old \gset
update ops.batch set received_at = now() - interval '2 h' where batch_id = :old;
update ops.setting set value = '10 days' where name = 'events.retention';
select count(*) from pg_temp.promote_events() \g /dev/null
select is(array(select pg_temp.told_of(:old, n) from generate_series(1, 3) n), '{timestamp_too_old,stored,timestamp_in_future}', 'the clock at landing, retention by now');
update ops.setting set value = '400 days' where name = 'events.retention';

-- A row that a constraint refuses all the same stands alone; nobody else is held up by it.
alter table public.events add constraint events_test_check check (type <> 'cursed');
select pg_temp.land((select array_agg(case when n in (3, 40) then pg_temp.event('{"attributes":{"type":"cursed"}}') when n = 41 then '{}' else pg_temp.event() end order by n) from generate_series(1, 50) n)) as cursed \gset
select results_eq('select received, stored, rejected from pg_temp.promote_events()', 'values (50::bigint, 47::bigint, 3::bigint)', 'isolated by halving');
select is((select array_agg(array_to_string(codes, ',') || ' ' || reasons[1] order by position) from staging.reject where batch_id = :cursed and codes = '{constraint_violation}'),
    array_fill('constraint_violation a constraint of the table refused the row (events_test_check)'::text, '{2}'), 'with the constraint''s name');
select is((select count(*) from events.message where batch_id = :cursed), 47::bigint, 'and none of it in the ledger');
alter table public.events drop constraint events_test_check;

-- Replay: the rule has changed, then nothing changes any more.
set local role promoter;
select format('%s %s %s %s', replayed, stored, rejected, duplicate) as replayed from ops.replay('events.raw', jsonb_build_object('batch_id', :cursed), false) \gset
select format('%s %s %s %s', replayed, stored, rejected, duplicate) as again from ops.replay('events.raw', jsonb_build_object('batch_id', :cursed), false) \gset
reset role;
select is(:'replayed'::text, '3 2 1 0', 'a replay stores what may be stored now');
select is(:'again'::text, '1 0 1 0', 'a second one changes nothing');
select is((select count(*) from public.events where batch_id = :cursed and schema_id = 7 and package_size = 50 and publish_time = now() - interval '30 minutes'), 49::bigint, 'schema, size and time of publishing outlast a reject');

-- The door's dead letters, and ours that come by.
select pg_temp.event('{"data":{"id":"late","amount":3}}', '507f1f77bcf86cd799439011') as late \gset
create temp table letter as select * from (values
    (1, replace(:'late', 'attributes', 'headers'), 'wrong_type', 'data.amount: a number was expected', 'collect', 'wrong_type', 'stored'),
    (2, :'first', 'unknown_field', null, 'collect', 'unknown_field', 'duplicate: duplicate_event'), (3, :'other', 'missing_field', '', 'somebody', 'missing_field', 'conflict'),
    (4, '{"z":1}', 'A code!', 'x', null, 'refused', 'unknown_field,data_missing,attributes_missing'), (5, '[1]', repeat('a', 41), null, 'collect', 'refused', 'not_an_object'),
    (6, :'late', null, null, 'collect', 'refused', 'duplicate: duplicate_event'), (7, E'\\x00', 'unknown_schema', 'x', 'promote', 'duplicate: returned_dead_letter', 'duplicate: returned_dead_letter'),
    (8, '{"broken', 'strange_code', 'strange', 'collect', 'strange_code', 'invalid_json')) t (place, body, code, error, origin, first, later);
select pg_temp.land_events((select array_agg(convert_to(body, 'UTF8') order by place) from letter), p_feed => 'events.dead_letter', p_codes => (select array_agg(code order by place) from letter),
    p_errors => (select array_agg(error order by place) from letter), p_origins => (select array_agg(origin order by place) from letter)) as letters \gset
select results_eq($$select received, stored, rejected, duplicate from pg_temp.promote_events('events.dead_letter')$$, 'values (8::bigint, 0::bigint, 7::bigint, 1::bigint)', 'the door''s letters are rejects, ours are duplicates');
select is(pg_temp.told_of(:letters, place), first, 'first: ' || body) from letter;
select is((select array_agg(reasons[1] order by position) from staging.reject where batch_id = :letters and codes[1] in ('wrong_type', 'unknown_field', 'strange_code')), '{data.amount: a number was expected,the event has a field that nobody knows,strange}', 'with the door''s sentence, or the code''s');
set local role promoter;
select format('%s %s %s %s', replayed, stored, rejected, duplicate) as letters_dry from ops.replay('events.dead_letter') \gset
select format('%s %s %s %s', replayed, stored, rejected, duplicate) as letters_done from ops.replay('events.dead_letter', '{"disposition":"any"}', false) \gset
select format('%s %s %s %s', replayed, stored, rejected, duplicate) as letters_again from ops.replay('events.dead_letter', '{"disposition":"any"}', false) \gset
reset role;
select is(:'letters_dry'::text, '7 1 4 2', 'a replay judges them');
select is(pg_temp.told_of(:letters, place), later, 'later: ' || body) from letter;
select is(:'letters_again'::text, '7 0 4 3', 'a second one changes nothing');
select is((select event - 'metadata' from events.enriched where batch_id = :letters), :'late'::jsonb, 'a stored letter comes back as its normal form');
select is((select format('%s %s %s', schema_id is null, publish_time = now() - interval '30 minutes', package_size) from public.events where batch_id = :letters), 't t 8', 'with what is known of it');

-- Posting: rejects of events.raw, and none of dead letters; with the door's headers.
select is((select count(*) from ops.outbox o join ops.batch b using (batch_id) where b.feed = 'events.dead_letter'), 0::bigint, 'dead letters make no dead letters');
select is((select format('%s %s', destination, messages) from ops.outbox where batch_id = :within), 'events.dead.letter 2', 'rejects do');
select is((select array_to_string(headers, '|') from ops.outbox o, ops.dead_letters(o.outbox_id, -1, 1, 1) where o.batch_id = :within),
    (select format('error|another event of the same messageIdStamp has been stored already|code|conflict|correlationId|%s|receivedAt|%s|origin|promote|source.topic|events.raw|source.partition|0|source.offset|%s|batch|%s|feed|events.raw',
        events.key_correlation_id(message_key), events.instant_text(events.correlated_at(events.key_correlation_id(message_key))), position, batch_id) from staging.reject where batch_id = :within and codes = '{conflict}' order by position limit 1), 'headers');
select is((select value from ops.outbox o, ops.dead_letters(o.outbox_id, -1, 1, 1) where o.batch_id = :within), convert_to((:'other'::jsonb)::text, 'UTF8'), 'the decoded event is what is sent');

-- A package: each of its events once, whatever was seen of it, by any of its ids.
select pg_temp.land(array[pg_temp.event(), :'first'::jsonb, '{}', pg_temp.event(), pg_temp.event()], p_size => 9, p_keys => array(select events.correlation_id('019b0000-0000-7000-8000-000000000000', n) from generate_series(1, 5) n)::text[]) as packaged \gset
select pg_temp.promote_events() \g /dev/null
select pg_temp.land_events(array['{}', '{}', '{}']::bytea[], p_feed => 'events.dead_letter', p_origins => '{promote,collect,collect}', p_codes => '{data_missing,wrong_type,wrong_type}',
    p_errors => '{a,b,b}', p_size => 9, p_keys => array(select events.correlation_id('019b0000-0000-7000-8000-000000000000', n) from unnest('{3,6,7}'::int[]) n)::text[]) as refused \gset
select pg_temp.promote_events('events.dead_letter') \g /dev/null
select pg_temp.land(array[pg_temp.event()], p_size => 9, p_keys => array[events.correlation_id('019b0000-0000-7000-8000-000000000000', 8)]::text[]) as pending \gset
select is((select format('%s|%s|%s|%s|%s|%s|%s|%s|%s', package_id, sent, stored, rejected, duplicate, pending, missing, summary, reasons) from events.package_status(events.correlation_id('019b0000-0000-7000-8000-000000000000', n))),
    '019b0000-0000-7000-8000-000000000000|9|3|3|1|1|1|9 sent, 3 stored, 3 rejected, 1 duplicate, 1 pending, 1 missing|[{"code": "wrong_type", "events": 2, "reason": "b"}, '
    || '{"code": "attributes_missing", "events": 1, "reason": "attributes are missing"}, {"code": "data_missing", "events": 1, "reason": "data is missing"}]', 'a package by its event ' || n)
from unnest('{1,9,1048575}'::int[]) n;
select is((select summary from events.package_status('019b0000-0000-7000-8000-000000000000')), '9 sent, 3 stored, 3 rejected, 1 duplicate, 1 pending, 1 missing', 'and by its own id');
select is((select format('%s %s', sent, summary) from events.package_status('019c0000-0000-7000-8000-000000000000')), '0 nothing is known of this package', 'one that nobody knows');
select is((select string_agg(format('%s %s/%s:%s %s', outcome, topic, partition, "offset" >= 0, coalesce(array_to_string(codes, ','), '')), '; ') from events.trace(events.correlation_id('019b0000-0000-7000-8000-000000000000', n))), want, 'event ' || n)
from (values (1, 'stored events.raw/0:t '), (2, 'duplicate events.raw/0:t duplicate_event'), (3, 'rejected events.raw/0:t data_missing,attributes_missing; duplicate events.dead.letter/0:t returned_dead_letter'),
    (6, 'refused events.dead.letter/0:t wrong_type'), (8, 'pending events.raw/0:t '), (9, 'unknown /: ')) v (n, want);
select is((select format('%s %s %s %s %s', t.ordinal, t.received_at = events.correlated_at(t.package_id), t.schema_id, t.cluster_id, (e.batch_id, e.position) = (t.batch_id, t."offset"))
    from events.trace(events.correlation_id('019b0000-0000-7000-8000-000000000000', 4)) t join public.events e on e.timestamp_stamp = t.timestamp_stamp and e.message_id_stamp = t.message_id_stamp), '4 t 7 test t', 'a stored one leads to its row');
select is(pg_temp.state_as(role, q), want, role || ' ' || q) from (values ('promoter', '00000'), ('privacy', '00000'), ('loader', '42501'), ('analytics', '42501'), ('relay', '42501'), ('collector', '42501')) r (role, want),
    unnest(array['select * from events.package_status(gen_random_uuid())', 'select * from events.trace(gen_random_uuid())']) q;
select is(pg_temp.state_as(role, q), '42501', role || ' ' || q) from (values ('loader', 'select * from staging.event'), ('loader', 'select events.promote(1, 1)'), ('promoter', 'select events.promote(1, 1)'), ('promoter', 'select * from staging.event'),
    ('promoter', 'select * from public.events'), ('promoter', 'select events.promote_dead_letters(1, 1)'), ('promoter', 'select events.forget_messages()'), ('collector', 'insert into staging.event (batch_id, position, slot, payload) values (1, 1, 0, '''')')) v (role, q);
select is(pg_temp.state_as('loader', q), '00000', q) from (values ('insert into staging.event (batch_id, position, slot, payload) values (-1, 1, 1, '''')'), ('insert into staging.event_dead_letter (batch_id, position, slot, payload) values (-1, 1, 1, '''')')) v (q);
select is(pg_temp.state_as('none', q), want, q) from (values ('select events.promote(-5, 1)', 'EM001'), ('select events.promote_dead_letters(-5, 1)', 'EM001'), (format('select events.promote(%s, 1)', :within), 'EM002')) v (q, want);
select pg_temp.promote_events() \g /dev/null
select is_empty(format('select * from ops.reconcile(%L)', feed), 'the books hold: ' || feed) from unnest('{events.raw,events.dead_letter}'::text[]) feed;
select is((select count(*) from ops.provenance(:within, (select from_offset from ops.kafka_batch where batch_id = :within)) where outcome = 'stored in events.message'), 1::bigint, 'a stored event has its provenance');

-- What is past retention: its day is dropped, then its ledger is forgotten, and the books stay right.
update ops.setting set value = '100 days' where name = 'events.retention';
select count(*) as ledger from events.message \gset
select is(events.forget_messages(), 0::bigint, 'while the days are there, so is their ledger');
select is_empty('select * from ops.expired_partitions()', 'nor are they to be dropped before the archive has them');
update ops.setting set value = 'off' where name = 'archive.enabled';
do $$ declare v record; begin for v in select * from ops.expired_partitions() loop execute format('alter table %s detach partition %s', v.parent, v.partition); execute format('drop table %s', v.partition); end loop; end $$;
select count(*) as kept from public.events \gset
set local role promoter;
select done as forgotten from ops.maintain() where object = 'events.message' \gset
reset role;
select is(:'forgotten', format('%s messages of dropped days forgotten', :ledger - :kept), 'then it goes');
select cmp_ok(:ledger - :kept, '>', 0, 'some did');
select is((select count(*) from events.message), :kept::bigint, 'the rest stays');
select is_empty(format('select * from ops.reconcile(%L)', feed), 'the books still hold: ' || feed) from unnest('{events.raw,events.dead_letter}'::text[]) feed;
select is((select sum(expired) from ops.batch), (:ledger - :kept)::numeric, 'they say how many');
select pg_temp.land(array[pg_temp.on_day('-200 days')]) as late \gset
select pg_temp.promote_events() \g /dev/null
select is(pg_temp.told_of(:late, 1), 'timestamp_too_old', 'and a late repeat is not stored anew');
select * from finish();
rollback;
