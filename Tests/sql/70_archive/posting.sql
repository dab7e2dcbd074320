-- What is posted to the archive: by every promote, once, with what it made; and a replay does not change what was posted.
begin;
\ir ../support.psql
\ir ../32_events/feed.psql
\ir archive.psql
select * from no_plan();

-- By promote.
select pg_temp.set_to('events.window_past', '1 day');
select pg_temp.land(array[pg_temp.event(), '{}', pg_temp.old_event(), pg_temp.event('{"x":1}'), pg_temp.old_event(), pg_temp.event()]) as a \gset
select pg_temp.land(array[pg_temp.event()]) as clean \gset
select pg_temp.land(array['{}'::jsonb]) as bad \gset
select count(*) from pg_temp.promote_events() \g /dev/null
select set_eq('select * from pg_temp.pending()', format('values (''events.raw event 2 %1$s''), (''events.raw dead_letter 4 %1$s''), (''events.raw event 1 %2$s''), (''events.raw dead_letter 1 %3$s'')', :a, :clean, :bad),
    'what was stored and what was rejected, nothing where there is none');
select is_empty($$select * from public.events e join ops.batch b using (batch_id) where e.run_id is distinct from b.promoted_run$$, 'events know the run that stored them');
select results_eq('select batch_id, position, run_id from events.enriched order by 1, 2', 'select batch_id, position, run_id from public.events order by 1, 2', 'and events.enriched has it');
select is_empty($$select * from ops.archive_pending where kind = 'event' and (first_at, last_at) is distinct from (select (min(timestamp_stamp), max(timestamp_stamp)) from public.events e where e.batch_id = archive_pending.batch_id)$$, 'it is known on which days they are');

-- Rejects of every feed; what is stored of feeds of events only.
select pg_temp.land('{"Ann Ash,ann@x.com,1990-01-01,11111111","Cid Cox,cid@x.org,1990-01-01,1"}', p_name => 'first.csv') as members \gset
select count(*) from pg_temp.promote() \g /dev/null
select pg_temp.land_events(array['{}', '{}']::bytea[], p_feed => 'events.dead_letter', p_origins => '{promote,collect}', p_codes => '{data_missing,wrong_type}', p_errors => '{a,b}') as letters \gset
select count(*) from pg_temp.promote_events('events.dead_letter') \g /dev/null
select results_eq(format('select p from pg_temp.pending() p where p ~ '' (%s|%s)$''', :members, :letters), format('values (''membership.application dead_letter 1 %s''), (''events.dead_letter dead_letter 1 %s'')', :members, :letters),
    'rejects of files and of the door, but no members and no letter that came back');

-- Off.
select pg_temp.set_to('archive.enabled', 'off');
select pg_temp.land(array[pg_temp.event(), '{}']) as silent \gset
select count(*) from pg_temp.promote_events() \g /dev/null
select is(count(*), 0::bigint, 'nothing is posted while the archive is off') from ops.archive_pending where batch_id = :silent;
select pg_temp.set_to('archive.enabled', 'on');
-- A replay of what is pending, a dry one first.
create function pg_temp.replay(p_dry boolean, p_filter jsonb) returns text language plpgsql as $$
declare
    v_said text;
begin
    perform set_config('role', 'promoter', true);
    select format('%s: %s + %s', replayed, stored, rejected) into v_said from ops.replay('events.raw', p_filter, p_dry);
    perform set_config('role', 'none', true);
    return v_said;
end
$$;
create function pg_temp.books() returns jsonb language sql as $$
    select jsonb_build_array((select jsonb_agg(to_jsonb(p) order by batch_id, run_id, kind) from ops.archive_pending p), (select jsonb_agg(to_jsonb(k) order by batch_id, run_id, position) from ops.archive_kept k),
        (select jsonb_agg(to_jsonb(o) order by object_id) from ops.archive_object o), (select jsonb_agg(to_jsonb(o) order by outbox_id) from ops.outbox o))
$$;
create temp table first as select string_agg(l.line, e'\n' order by l.position) as lines from (select promoted_run as run from ops.batch where batch_id = :a) b, ops.letter_lines(:a, b.run, 0, 100) l;
create temp table before as select pg_temp.books() as books;
select pg_temp.set_to('events.window_past', '100 days');
select is(pg_temp.replay(true, jsonb_build_object('batch_id', :a)), '4: 2 + 2', 'a dry run');
select is(pg_temp.books(), (select books from before), 'leaves nothing');
select promoted_run as run from ops.batch where batch_id = :a \gset
select is(pg_temp.replay(false, jsonb_build_object('batch_id', :a)), '4: 2 + 2', 'a real one');
select promoted_run as second from ops.batch where batch_id = :a \gset
select set_eq(format('select run_id, kind, records from ops.archive_pending where batch_id = %s', :a), format('values (%1$s::bigint, ''event'', 2::bigint), (%1$s, ''dead_letter'', 4), (%2$s, ''event'', 2), (%2$s, ''dead_letter'', 2)', :run, :second),
    'posts what it made beside what was posted, by its own run');
select is((select string_agg(l.line, e'\n' order by l.position) from ops.letter_lines(:a, :run, 0, 100) l), (select lines from first), 'the first run''s dead letters are as they were');
select is(count(*), 4::bigint, 'since their lines are kept') from ops.archive_kept;
select is((select array_agg(run_id) from ops.archive_kept k, lateral (select (k.line::jsonb ->> 'run')::bigint as said) s where s.said = run_id group by run_id), array[:run, :run, :run, :run]::bigint[], 'with the run that judged them');

-- One more, of what is sealed and not delivered; of one code and of one position.
select is(pg_temp.seal(true), 4::bigint, 'an object of events, one of dead letters, for each of the feeds');
create temp table sealed as select object_id, object_key, pg_temp.content(object_id) as content from ops.archive_object;
select is_empty(format('select * from pg_temp.faults() f where f !~ '' %s:''', :silent), 'all of it is well');
select is(pg_temp.replay(false, jsonb_build_object('batch_id', :a, 'code', 'unknown_field')), '1: 0 + 1', 'the next replay takes one');
select is(pg_temp.replay(false, jsonb_build_object('position', (select position from staging.reject where batch_id = :bad))), '1: 0 + 1', 'and one more by its position');
select is_empty('select object_key from sealed where content <> pg_temp.content(object_id)', 'no object that is sealed differs');
select cmp_ok(pg_temp.deliver(), '>', 0::bigint, 'they are delivered');
select is_empty('select object_key from sealed join store using (object_key) where sealed.content <> store.content', 'as they were sealed');
select is(count(*), 0::bigint, 'what was kept for them is gone') from ops.archive_kept;

-- After delivery nothing is kept: the object has it.
select is(pg_temp.replay(false, jsonb_build_object('batch_id', :a, 'code', 'data_missing')), '1: 0 + 1', 'a replay of what is delivered');
select is(count(*), 0::bigint, 'keeps nothing') from ops.archive_kept;
select is(pg_temp.seal(true), 1::bigint, 'what it made has an object of its own, with what the others made') ;
select is(pg_temp.deliver(), 1::bigint, 'which is delivered, too');
select results_eq('select batch_id, kind, booked, archived, pending from ops.archive_balance()', format('values (%1$s::bigint, ''dead_letter'', 1::bigint, 0::bigint, 0::bigint), (%1$s, ''event'', 1, 0, 0)', :silent), 'the books miss what came while the archive was off, and nothing else');
set local role relay_admin;
select ops.post_missing() as missing, ops.post_missing() as none \gset
reset role;
select is(format('%s %s', :missing, :none), '2 0', 'it can be posted later, once');
select is_empty('select * from ops.archive_balance()', 'then the books hold');
select is(pg_temp.seal(true), 2::bigint, 'and is sealed');
select pg_temp.deliver() \g /dev/null
select is((select format('%s %s', count(*), count(distinct object_key)) from store), (select format('%s %1$s', count(*)) from ops.archive_object), 'each object once');
select is_empty($$
    select e.correlation_id, count(s.object_key) from events.enriched e
    left join store s on s.object_key like 'events/%' and position(convert_to(e.event::text || e'\n', 'UTF8') in s.content) > 0
    group by 1 having count(s.object_key) <> 1$$, 'each event lies in one object, as events.enriched has it');

-- Before there was an archive, rows had no run.
insert into public.events select (jsonb_populate_record(e, jsonb_build_object('message_id_stamp', gen_random_uuid(), 'run_id', null, 'batch_id', :clean, 'position', e.position + 1000))).* from public.events e where batch_id = :clean;
insert into ops.archive_pending (kind, batch_id, run_id, feed, day, records) values ('event', :clean, 0, 'events.raw', '2026-01-02', 1);
select is(pg_temp.seal(true), 1::bigint, 'an event from before');
select results_eq($$select convert_from(l, 'UTF8')::jsonb from ops.archive_object o, ops.archive_lines(o.object_id) l where o.day = '2026-01-02'$$,
    format('select event from events.enriched where batch_id = %s and run_id is null', :clean), 'is in its object');
-- What has no rows any more goes, without an object.
insert into ops.archive_pending (kind, batch_id, run_id, feed, day, records) values ('event', :clean, 999999, 'events.raw', '2026-01-02', 5), ('dead_letter', :clean, 999999, 'events.raw', '2026-01-02', 5);
select is(pg_temp.seal(true), 0::bigint, 'no empty object');
select is(count(*), 0::bigint, 'and nothing pending') from ops.archive_pending;
select * from finish();
rollback;
