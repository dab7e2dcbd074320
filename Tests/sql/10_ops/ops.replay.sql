-- Rejects judged again.
begin;
\ir ../support.psql
select * from no_plan();
select pg_temp.land('{"Ann Ash,ann@x.com,1990-01-01,11111111","Bob Birch,bob@x.org,1990-01-01,22222222","Cid Cox,cid@x.org,1990-01-01,1","Ann Ash,ANN@X.COM,1990-01-01,11111111","ragged","Bob Birch,BOB@x.org,1990-01-01,22222222"}', p_name => 'first.csv') as a \gset
select pg_temp.land('{"Dan Day,dan@x.org,1990-01-01,33333333","Eve Elm,eve@x.com,1990-01-01,4"}', p_name => 'second.csv') as b \gset
select count(*) as n from pg_temp.promote() \gset

create function pg_temp.state() returns jsonb language sql as $$
    select jsonb_build_object(
        'member', (select jsonb_agg(to_jsonb(m) order by batch_id, position) from membership.member m),
        'reject', (select jsonb_agg(to_jsonb(r) order by batch_id, position) from staging.reject r),
        'batch', (select jsonb_agg(to_jsonb(b) order by batch_id) from ops.batch b),
        'staging', (select jsonb_agg(to_jsonb(s) order by batch_id, position) from staging.membership_application s),
        'run', (select jsonb_agg(to_jsonb(r) order by run_id) from ops.run r),
        'log', (select jsonb_agg(to_jsonb(l) order by run_id) from ops.replay_log l))
$$;
create temp table kept (name text, state jsonb);

select is(pg_temp.state_as('promoter', q), state, q)
from (values
    ($$select * from ops.replay('no.feed')$$, 'EM010'),
    ($$select * from ops.replay('membership.application', '{"cod":"x"}')$$, 'EM030'),
    ($$select * from ops.replay('membership.application', '{"code":"x","'' or true":1}')$$, 'EM030'),
    ($$select * from ops.replay('membership.application', '{"batch_id":"x"}')$$, '22P02'),
    ($$select * from ops.replay('membership.application', '[]')$$, '22023')) as t (q, state);

-- A dry run reports, and changes nothing; by default it is dry.
insert into kept select 'before', pg_temp.state();
set local role promoter;
select run_id is null as dry_no_run, batches as dry_batches, replayed as dry_replayed, stored as dry_stored, rejected as dry_rejected, duplicate as dry_duplicate
from ops.replay('membership.application') \gset
reset role;
select is(format('%s %s %s %s %s %s', :'dry_no_run', :dry_batches, :dry_replayed, :dry_stored, :dry_rejected, :dry_duplicate),
    't 2 6 0 6 0', 'a dry run without a filter takes all rejects, no duplicates');
select ok(pg_temp.state() = (select state from kept where name = 'before'), 'a dry run changes no table');

-- A new policy accepts .org: those that broke only that rule are stored, coordinates and batch kept.
select membership.set_policy('org too', email_domains => '{%.com,%.net,%.org}') as version \gset
set local role promoter;
select stored as dry_stored, rejected as dry_rejected, duplicate as dry_duplicate from ops.replay('membership.application', '{"code":"email_provider"}', true) \gset
select run_id as run, batches, replayed, stored, rejected, duplicate from ops.replay('membership.application', '{"code":"email_provider"}', false) \gset
reset role;
select is(format('%s %s %s', :dry_stored, :dry_rejected, :dry_duplicate), '2 1 1', 'what the dry run foretold');
select is(format('%s %s %s %s %s', :batches, :replayed, :stored, :rejected, :duplicate), '2 4 2 1 1', 'is what comes');
select is(pg_temp.outcome(batch, position), want, format('after it, batch %s record %s', n, position))
from (values ('a', :a::bigint, 1, 'stored'), ('a', :a, 2, 'stored'), ('a', :a, 3, 'mobile_not_8_digits'), ('a', :a, 4, 'duplicate_member'),
    ('a', :a, 5, 'column_count'), ('a', :a, 6, 'duplicate_member'), ('b', :b, 1, 'stored'), ('b', :b, 2, 'mobile_not_8_digits')) as t (n, batch, position, want);
select is((select format('%s %s %s %s', batch_id, position, line, policy_version) from membership.member where email = 'bob@x.org'),
    format('%s 2 3 %s', :a, :version), 'a replayed member keeps its coordinates and names the new policy');
select is((select policy_version from membership.member where email = 'ann@x.com'), 1, 'one stored before keeps the old one');
select is(pg_temp.books(:a), '6 = 2 + 2 + 2, promoted', 'the first batch''s books');
select is(pg_temp.books(:b), '2 = 1 + 1 + 0, promoted', 'the second batch''s books');
select is((select run_id from staging.reject where batch_id = :a and position = 3), :run::bigint, 'who is judged again names the replay');
select isnt((select run_id from staging.reject where batch_id = :b and position = 2), :run::bigint, 'who is not does not');
select is((select format('%s %s %s %s %s', feed, replayed, stored, rejected, duplicate) from ops.replay_log where run_id = :run), 'membership.application 4 2 1 1', 'the log of replays');
select is((select format('%s %s', pipeline, state) from ops.run where run_id = :run), 'replay done', 'its run is done');
select is_empty($$select * from ops.reconcile('membership.application')$$, 'reconcile finds nothing');
select is_empty($$select batch_id, position from (select batch_id, position from membership.member union all select batch_id, position from staging.reject) u group by 1, 2 having count(*) > 1$$,
    'each input row has one outcome');

-- A second replay changes nothing but its own record.
insert into kept select 'after', pg_temp.state();
set local role promoter;
select replayed as replayed2, stored as stored2 from ops.replay('membership.application', '{"code":"email_provider"}', false) \gset
reset role;
select is(format('%s %s', :replayed2, :stored2), '0 0', 'a second replay finds nothing left');
-- It may drop what staging still holds of promoted batches, as rotation would.
select ok(pg_temp.state() - '{run,log,staging}'::text[] = (select state - '{run,log,staging}'::text[] from kept where name = 'after'), 'and changes nothing');
set local role promoter;
select replayed as replayed3, stored as stored3, rejected as rejected3, duplicate as duplicate3 from ops.replay('membership.application', '{"disposition":"any"}', false) \gset
reset role;
select is(format('%s %s %s %s', :replayed3, :stored3, :rejected3, :duplicate3), '5 0 3 2', 'all of them again, with no other outcome');
select is_empty($$select * from ops.reconcile('membership.application')$$, 'reconcile finds nothing after that either');

-- Each key of the filter, dry.
select is((select format('%s %s', batches, replayed) from ops.replay('membership.application', filter)), want, 'filter ' || filter::text)
from (values
    ('{"disposition":"duplicate"}'::jsonb, '1 2'), ('{"disposition":"rejected"}', '2 3'), ('{"disposition":"none"}', '0 0'),
    ('{"source":"second.csv"}', '1 1'), ('{"source":"third.csv"}', '0 0'), ('{"source":"second.csv","code":"column_count"}', '0 0'),
    (jsonb_build_object('batch_id', :a), '1 2'), (jsonb_build_object('batch_id', :a, 'position', 5), '1 1'),
    (jsonb_build_object('batch_id', :a, 'position', 1), '0 0'), ('{"batch_id":-1}', '0 0'), ('{"run_id":-1}', '0 0'),
    ('{"code":"no_such"}', '0 0'), ('{"code":"mobile_not_8_digits"}', '2 2'),
    (jsonb_build_object('from', (now() at time zone 'UTC')::date), '2 3'), (jsonb_build_object('to', (now() at time zone 'UTC')::date), '0 0'),
    (jsonb_build_object('from', (now() at time zone 'UTC')::date + 1), '0 0'), (jsonb_build_object('to', (now() at time zone 'UTC')::date + 1), '2 3')
) as t (filter, want);

-- A duplicate whose original is gone is stored when it is judged again.
delete from membership.member where email = 'ann@x.com';
update ops.batch set stored = stored - 1, received = received - 1 where batch_id = :a;  -- as erasure would book it
update ops.source_file set landed_records = landed_records - 1 where name = 'first.csv';
set local role promoter;
select replayed as replayed4, stored as stored4 from ops.replay('membership.application', '{"disposition":"duplicate"}', false) \gset
reset role;
select is(format('%s %s', :replayed4, :stored4), '2 1', 'a duplicate of nobody is stored');
select is((select position from membership.member where email = 'ANN@X.COM'), 4::bigint, 'under its own coordinates');

-- Rows land in the slot that is current now, though staging was emptied between.
select ops.rotate('membership.application') as emptied \gset
set local role promoter;
select replayed as replayed5, rejected as rejected5 from ops.replay('membership.application', '{}', false) \gset
reset role;
select is(format('%s %s', :replayed5, :rejected5), '3 3', 'replay needs rejects only, not staging');
select is_empty($$select * from ops.reconcile('membership.application')$$, 'reconcile finds nothing at the end');
select * from finish();
rollback;
