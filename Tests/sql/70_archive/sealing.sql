-- Objects of the archive: full by records or bytes, due by age, made at once on demand; cut where a batch is too large.
begin;
\ir ../support.psql
\ir ../32_events/feed.psql
\ir archive.psql
select * from no_plan();
create function pg_temp.landed(p_good integer, p_bad integer default 0) returns bigint language sql as $$
    select pg_temp.land((select array_agg(case when n <= p_good then pg_temp.event() else '{}' end order by n) from generate_series(1, p_good + p_bad) n))
$$;
create function pg_temp.objects() returns setof text language sql as $$
    select format('%s %s %s', kind, records, (select count(*) from ops.archive_piece p where p.object_id = o.object_id)) from ops.archive_object o order by object_id
$$;
create function pg_temp.promoted() returns void language sql as $$ select count(*) from pg_temp.promote_events() $$;

-- Neither full nor due: nothing; measured once.
select pg_temp.set_to('archive.object.records', '10');
select pg_temp.landed(4) as a \gset
select pg_temp.landed(3, 2) as b \gset
select pg_temp.promoted();
select is(pg_temp.seal(), 0::bigint, 'what is not full waits');
select is(count(*), 3::bigint, 'and is measured') from ops.archive_pending where bytes is not null;
select results_eq($$select batch_id, kind, last_position - first_position + 1, records from ops.archive_pending where kind = 'event' order by batch_id$$, format('values (%s::bigint, ''event'', 4::bigint, 4::bigint), (%s, ''event'', 3, 3)', :a, :b), 'by where its records are');

-- By age: what is due takes with it what has come since.
update ops.archive_pending set posted_at = posted_at - interval '61 seconds' where kind = 'event' and batch_id = :a;
select is(pg_temp.seal(), 1::bigint, 'when the oldest has waited, an object is made');
select set_eq('select * from pg_temp.objects()', array['event 7 2'], 'of all there is');
select is(count(*), 1::bigint, 'dead letters go on waiting') from ops.archive_pending;
select is((select format('%s %s %s %s %s %s', o.kind, o.carrier, o.destination, o.state, o.messages, o.object_id = a.object_id) from ops.outbox o, ops.archive_object a where o.object_id is not null), 'object object_store archive waiting 7 t', 'with a row of the outbox');

-- On demand.
select is(pg_temp.seal(true), 1::bigint, 'a flush takes what is not due');
select is(pg_temp.seal(true), 0::bigint, 'and then nothing: no empty object');

-- Full: without waiting. What is exactly full is; one more and the row waits for the next.
select pg_temp.landed(6) as c \gset
select pg_temp.landed(4) as d \gset
select pg_temp.promoted();
select is(pg_temp.seal(), 1::bigint, 'exactly full');
select is(max(records), 10::bigint, 'is full') from ops.archive_object;
select pg_temp.landed(6) as e \gset
select pg_temp.landed(5) as f \gset
select pg_temp.promoted();
select is(pg_temp.seal(), 1::bigint, 'one more');
select results_eq('select batch_id from ops.archive_pending', format('values (%s::bigint)', :f), 'and the last batch waits');
select is((select array_agg(distinct p.batch_id) from ops.archive_piece p where p.batch_id in (:e, :f)), array[:e]::bigint[], 'a batch that an object can hold is not cut');
select is(pg_temp.seal(true), 1::bigint, 'till the flush');

-- Cut by position; its rest waits for nothing, but takes what comes after.
select pg_temp.landed(25) as g \gset
select pg_temp.landed(3) as h \gset
select pg_temp.promoted();
select is(pg_temp.seal(), 3::bigint, 'a batch of 25 makes three objects of 10');
select results_eq(format('select p.first_position - k.from_offset, p.last_position - k.from_offset, p.records, o.records from ops.archive_piece p join ops.archive_object o using (object_id) join ops.kafka_batch k using (batch_id) where batch_id = %s order by p.object_id', :g),
    'values (0::bigint, 9::bigint, 10::bigint, 10::bigint), (10, 19, 10, 10), (20, 24, 5, 8)', 'the last with what came after');
select is(count(*), 0::bigint, 'nothing is pending') from ops.archive_pending;
select is_empty('select * from pg_temp.faults()', 'each record in one object');

-- By bytes: a line has nearly 500; one that is longer than an object has its own.
select pg_temp.set_to('archive.object.records', '1000');
select pg_temp.set_to('archive.object.bytes', '6000');
select pg_temp.land((select array_agg(pg_temp.event(jsonb_build_object('data', jsonb_build_object('id', repeat('x', case when n in (5, 17, 18) then 20000 else 10 * n end), 'amount', n))) order by n) from generate_series(1, 40) n)) as i \gset
select pg_temp.promoted();
select cmp_ok(pg_temp.seal(true), '>', 5::bigint, 'a batch is cut by bytes, too');
select is_empty('select * from pg_temp.faults()', 'no object is too large but for one of a single record');
select is(count(*), 3::bigint, 'those are three') from ops.archive_object o where records = 1 and octet_length(pg_temp.content(object_id)) > 20000;
select cmp_ok(avg(octet_length(pg_temp.content(object_id)))::numeric, '>', 3000::numeric, 'the others are not made too small') from ops.archive_object join ops.archive_piece p using (object_id) where p.batch_id = :i and p.records > 1;
select pg_temp.set_to('archive.object.bytes', '33554432');

-- Feeds, kinds and days apart.
select pg_temp.landed(2, 2) as j \gset
select pg_temp.landed(2, 2) as k \gset
select pg_temp.promoted();
update ops.archive_pending set day = '2026-03-04' where batch_id = :k;
select pg_temp.land_events(array['{}', '{}']::bytea[], p_feed => 'events.dead_letter', p_codes => '{wrong_type,wrong_type}', p_errors => '{a,b}') as l \gset
select count(*) from pg_temp.promote_events('events.dead_letter') \g /dev/null
select is(pg_temp.seal(true), 5::bigint, 'two days of events and dead letters, and another feed''s');
select set_eq(format('select format(''%%s %%s %%s'', kind, feed, day) from ops.archive_object where object_id in (select object_id from ops.archive_piece where batch_id in (%s, %s, %s))', :j, :k, :l),
    array(select format('%s events.raw %s', kind, day) from unnest('{event,dead_letter}'::text[]) kind, unnest(array['2026-03-04', (now() at time zone 'UTC')::date::text]) day union all select format('dead_letter events.dead_letter %s', (now() at time zone 'UTC')::date)), 'each an object');

-- Keys: of the first record in it, and never twice.
select is_empty($$
    select o.object_key from ops.archive_object o, lateral (select * from ops.archive_piece p where p.object_id = o.object_id order by batch_id, run_id limit 1) p
    where o.object_key <> format('%s/dt=%s/%s-%s-%s-%s.jsonl', case o.kind when 'event' then 'events' else 'dead-letter' end, o.day, o.feed, lpad(p.batch_id::text, 12, '0'), lpad(p.run_id::text, 12, '0'), lpad(p.first_position::text, 12, '0'))$$, 'keys are those of the first record');
select is(ops.twelve_digits(n), want, 'number ' || n) from (values (0::bigint, '000000000000'), (999999999999, '999999999999'), (1000000000000, '1000000000000'), (9223372036854775807, '9223372036854775807')) v (n, want);
select pg_temp.set_to('archive.compression', 'gzip');
select pg_temp.landed(1) as m \gset
select pg_temp.promoted();
select is(pg_temp.seal(true), 1::bigint, 'one to compress');
select is((select format('%s %s', compression, right(object_key, 9)) from ops.archive_object order by object_id desc limit 1), 'gzip .jsonl.gz', 'has another ending');
select pg_temp.set_to('archive.compression', 'none');

-- About 50 a call.
select pg_temp.set_to('archive.object.records', '1');
select pg_temp.landed(1) from generate_series(1, 60) \g /dev/null
select pg_temp.promoted();
set local role relay;
select ops.seal_archive(true) as once \gset
reset role;
select is(:once, 10, 'what is measured a call is ten objects'' worth');
select is(pg_temp.seal(true), 50::bigint, 'the rest comes with the next calls');
select is_empty('select * from ops.archive_balance()', 'the books hold');

-- Many days' worth of dirt: each of a batch's events on a day of its own.
select pg_temp.set_to('archive.object.records', '100');
select pg_temp.land((select array_agg(pg_temp.event(jsonb_build_object('attributes', jsonb_build_object('timestampStamp', to_char(now() at time zone 'UTC' - make_interval(days => n), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))) order by n) from generate_series(1, 30) n)) as n \gset
select pg_temp.promoted();
select is(pg_temp.seal(true), 1::bigint, 'a batch over many days');
select is((select count(*) from ops.archive_piece p, lateral ops.archive_lines(p.object_id) where p.batch_id = :n), 30::bigint, 'is an object as any');
select is(pg_temp.state_as('loader', q), '42501', q) from unnest(array['select ops.seal_archive()', 'select * from ops.archive_lines(1)', 'select * from ops.archive_pending']) q;
select is(pg_temp.state_as('relay', q), '42501', q) from unnest(array['select * from ops.archive_object', 'select * from ops.archive_kept', 'select ops.resume_outbox()', 'select * from public.events', 'insert into ops.archive_pending values (''event'', 1, 1, ''x'', now(), 1)']) q;
-- What had been promoted before there was an archive is looked for in all days: not in one transaction.
select ops.measure_pending(1000000, 1000000) \g /dev/null
select pg_temp.seal(true) \g /dev/null
select pg_temp.landed(1) from generate_series(1, 5) \g /dev/null
select pg_temp.promoted();
update ops.archive_pending set first_at = null, last_at = null where kind = 'event';
select ops.measure_pending(1000000, (2 * (select count(*) from ops.event_partitions(null, null)))::integer) \g /dev/null
select is(count(*) filter (where bytes is null), 3::bigint, 'two searches of all days, and no more') from ops.archive_pending;
select ops.measure_pending(1000000, 1000000) \g /dev/null
select is(count(*) filter (where bytes is null), 0::bigint, 'the rest is for the next') from ops.archive_pending;
select * from finish();
rollback;
