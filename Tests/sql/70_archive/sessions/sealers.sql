-- Several sessions at the archive: two sealers, a replay beside a sealer and beside a delivery. Each record ends in one object,
-- whose bytes are those that it had when it was sealed. What is landed is committed, so this file has a database of its own.
\ir ../../support.psql
\ir ../../32_events/feed.psql
\ir ../archive.psql
select * from no_plan();
\ir ../../sessions.psql
select pg_temp.connect('a', 'relay'), pg_temp.connect('b', 'relay'), pg_temp.connect('replay', 'promoter') \g /dev/null
select pg_temp.set_to('archive.object.records', '10');
select pg_temp.set_to('events.window_past', '1 day');

-- Two sealers: the second makes nothing while the first is at it, and each record is sealed once.
select pg_temp.land((select array_agg(case when n % 3 = 0 then '{}' else pg_temp.event() end) from generate_series(1, 15) n)) from generate_series(1, 4) \g /dev/null
select count(*) from pg_temp.promote_events() \g /dev/null
select dblink_exec('a', 'begin') \g /dev/null
select pg_temp.ask('a', 'select ops.seal_archive(true)::text') as first, pg_temp.ask('b', 'select ops.seal_archive(true)::text') as second \gset
select dblink_exec('a', 'commit') \g /dev/null
select cmp_ok(:first, '>', 0, 'the first sealer makes objects');
select is(:second, 0, 'the second none meanwhile');
select pg_temp.ask('b', 'select ops.seal_archive(true)::text') \g /dev/null
select is_empty('select * from pg_temp.faults()', 'each record is in one object');
select is_empty('select * from ops.archive_balance()', 'the books hold');

-- A replay that is under way keeps what a sealer would seal: it is left for later, and sealing does not wait.
select pg_temp.land(array[pg_temp.event(), pg_temp.old_event(), '{}', '{}']) as c \gset
select pg_temp.land(array[pg_temp.event(), '{}']) as d \gset
select count(*) from pg_temp.promote_events() \g /dev/null
select promoted_run as run from ops.batch where batch_id = :c \gset
create temp table lines as select l.line from ops.letter_lines(:c, :run, 0, 1000000) l;
select pg_temp.set_to('events.window_past', '100 days');
select dblink_exec('replay', 'begin') \g /dev/null
select pg_temp.ask('replay', format('select stored::text from ops.replay(''events.raw'', ''{"batch_id": %s}'', false)', :c)) as stored \gset
select pg_temp.ask('a', 'select ops.seal_archive(true)::text') as made \gset
select is(format('%s %s', :stored, :made), '1 2', 'beside a replay a sealer makes objects of the other batch');
select is((select array_agg(distinct p.batch_id) from ops.archive_pending p), array[:c]::bigint[], 'and leaves the one that is replayed');
select dblink_exec('replay', 'commit') \g /dev/null
select pg_temp.seal(true) \g /dev/null
select is(array(select convert_from(l, 'UTF8') from ops.archive_piece p join ops.archive_object o using (object_id), ops.archive_lines(o.object_id) l
    where o.kind = 'dead_letter' and (p.batch_id, p.run_id) = (:c, :run) and (convert_from(l, 'UTF8')::jsonb ->> 'run')::bigint = p.run_id), array(select line from lines), 'then it has the lines that it had before the replay');

-- A replay of dead letters whose object is being delivered: it waits for the delivery to be booked, and keeps nothing.
select pg_temp.land(array[pg_temp.event(), '{}', '{}']) as e \gset
select count(*) from pg_temp.promote_events() \g /dev/null
update ops.outbox set next_attempt_at = 'infinity' where state = 'waiting';
select pg_temp.seal(true) \g /dev/null
update ops.outbox set next_attempt_at = 'infinity' where state = 'waiting' and object_id in (select object_id from ops.archive_object where kind = 'event');
select outbox_id as row, object_id as object from ops.outbox join ops.archive_piece using (object_id) join ops.archive_object using (object_id) where archive_piece.batch_id = :e and archive_object.kind = 'dead_letter' \gset
create temp table content as select pg_temp.content(:object) as content;
select dblink_exec('a', 'begin') \g /dev/null
select pg_temp.ask('a', 'select outbox_id::text from ops.claim_outbox(''object_store'', ''archive'')') as claimed \gset
select is(:claimed::bigint, :row::bigint, 'a relay has claimed it');
select pg_temp.ask('a', format('select ops.deliver_object(%s, 1, sha256(''a''), 1, sha256(''a''), null)::text', :row)) \g /dev/null
select dblink_send_query('replay', format('select replayed::text from ops.replay(''events.raw'', ''{"batch_id": %s}'', false)', :e)) \g /dev/null
select is(pg_temp.waits('replay'), true, 'the replay waits');
select dblink_exec('a', 'commit') \g /dev/null
select is(pg_temp.result('replay'), '2', 'and goes on');
select is(count(*), 0::bigint, 'without keeping lines of it') from ops.archive_kept where batch_id = :e;

-- The other way round: the booking waits for the replay, and what that kept goes with it.
select pg_temp.land(array[pg_temp.event(), '{}', '{}']) as f \gset
select count(*) from pg_temp.promote_events() \g /dev/null
select pg_temp.seal(true) \g /dev/null
select outbox_id as row, object_id as object from ops.outbox join ops.archive_piece using (object_id) join ops.archive_object using (object_id) where archive_piece.batch_id = :f and archive_object.kind = 'dead_letter' \gset
select encode(sha256(pg_temp.content(:object)), 'hex') as digest \gset
select dblink_exec('replay', 'begin') \g /dev/null
select pg_temp.ask('replay', format('select replayed::text from ops.replay(''events.raw'', ''{"batch_id": %s}'', false)', :f)) \g /dev/null
select dblink_send_query('a', format('select ops.deliver_object(%s, 1, sha256(''a''), 1, sha256(''a''), null)::text', :row)) \g /dev/null
select is(pg_temp.waits('a'), true, 'the booking waits');
select is(encode(sha256(pg_temp.content(:object)), 'hex'), :'digest', 'until then its bytes are as they were');
select dblink_exec('replay', 'commit') \g /dev/null
select is(pg_temp.result('a'), '', 'and goes on');
select is(count(*), 0::bigint, 'what was kept for it is gone') from ops.archive_kept where batch_id = :f;

-- What the archive misses of a batch is posted beside a sealer that is at another run of the same batch: that is not posted again.
select pg_temp.connect('admin', 'relay_admin') \g /dev/null
select pg_temp.land(array[pg_temp.event(), '{}']) as g \gset
select count(*) from pg_temp.promote_events() \g /dev/null
insert into staging.reject select (jsonb_populate_record(r, jsonb_build_object('position', r.position + 100, 'run_id', 999999))).* from staging.reject r where batch_id = :g;
select dblink_exec('a', 'begin') \g /dev/null
select pg_temp.ask('a', 'select ops.seal_archive(true)::text') \g /dev/null
select dblink_send_query('admin', 'select ops.post_missing()::text') \g /dev/null
select is(pg_temp.waits('admin'), true, 'posting what is missing waits for the sealer');
select dblink_exec('a', 'commit') \g /dev/null
select is(pg_temp.result('admin'), '1', 'and posts what is in no object');
select pg_temp.seal(true) \g /dev/null
select is(array(select f from pg_temp.faults() f where f like 'dead letter ' || :g || ':%'), '{}', 'once');
select dblink_disconnect('admin') \g /dev/null

-- Messages of one key: the second poster waits for the first to commit, so what is claimed comes in their order.
select pg_temp.connect('c', 'promoter') \g /dev/null
select dblink_exec('replay', 'begin') \g /dev/null
select pg_temp.ask('replay', 'select ops.post_message(''kafka'', ''orders'', ''1'', ''k'')::text') as one \gset
select dblink_send_query('c', 'select ops.post_message(''kafka'', ''orders'', ''2'', ''k'')::text') \g /dev/null
select is(pg_temp.waits('c'), true, 'the second message of a key waits for the first');
select is(pg_temp.ask('b', 'select count(*)::text from ops.claim_outbox(''kafka'', ''orders'')'), '0', 'nothing is there to claim');
select dblink_exec('replay', 'commit') \g /dev/null
select cmp_ok(pg_temp.result('c')::bigint, '>', :one::bigint, 'and comes after it');
select dblink_exec('a', 'begin') \g /dev/null
select is(pg_temp.ask('a', 'select outbox_id::text from ops.claim_outbox(''kafka'', ''orders'')'), :'one', 'the first is claimed');
select is(pg_temp.ask('b', 'select count(*)::text from ops.claim_outbox(''kafka'', ''orders'')'), '0', 'and nobody else gets the second meanwhile');
select dblink_exec('a', 'commit') \g /dev/null
select is((select deadlocks from pg_stat_database where datname = current_database()), 0::bigint, 'nobody has waited in a circle');
select dblink_disconnect(c) from unnest('{a,b,c,replay}'::text[]) c \g /dev/null
select * from finish();
