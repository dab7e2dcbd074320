-- ops.claim_export, unfinished_run, run_name, spreadsheet_safe.
begin;
\ir ../support.psql
select * from no_plan();
select pg_temp.land('{"Ann Ash,ann@x.com,1990-01-01,11111111","Bob Birch,bob@x.org,1990-01-01,22222222"}') as a \gset
select pg_temp.land('{"Cid Cox,cid@x.com,1990-01-01,33333333"}') as b \gset
create temp table export (name text, batch_id bigint, received_on date, after_run bigint, through_run bigint);
create function pg_temp.export(p_name text, p_run bigint) returns void language plpgsql as $$
declare r record;
begin
    perform set_config('role', 'promoter', true);
    for r in select * from ops.claim_export(p_run) loop
        perform set_config('role', 'none', true);
        insert into export values (p_name, r.batch_id, r.received_on, r.after_run, r.through_run);
    end loop;
    perform set_config('role', 'none', true);
end $$;
-- What an export writes out: rows of its batches judged after after_run, up to through_run.
create function pg_temp.rows_of(p_name text) returns text[] language sql as $$
    select array_agg(x order by x) from (
        select 's ' || m.email as x from export e join membership.member m on m.batch_id = e.batch_id and m.run_id > e.after_run and m.run_id <= e.through_run where e.name = p_name
        union all
        select 'u ' || split_part(convert_from(r.payload, 'UTF8'), ',', 2) from export e join staging.reject r on r.batch_id = e.batch_id and r.run_id > e.after_run and r.run_id <= e.through_run where e.name = p_name) u
$$;
select ops.start_run('membership', 'membership.application', '{}') as r1 \gset
select pg_temp.export('early', :r1);
select is_empty($$select * from export where name = 'early'$$, 'nothing is judged, nothing to write out');
select count(*) as n from pg_temp.promote() \gset
select pg_temp.export('first', :r1);
select is(pg_temp.rows_of('first'), '{"s ann@x.com","s cid@x.com","u bob@x.org"}', 'all that was judged is written out');
select is((select array_agg(batch_id) from export where name = 'first'), array[:a, :b]::bigint[], 'by batch in order');
select pg_temp.export('again', :r1);
select is((select array_agg(row(batch_id, received_on, after_run, through_run)::text) from export where name = 'again'),
    (select array_agg(row(batch_id, received_on, after_run, through_run)::text) from export where name = 'first'), 'asked again it gives the same');
select ops.start_run('membership', 'membership.application', '{}') as r2 \gset
select pg_temp.export('second', :r2);
select is_empty($$select * from export where name = 'second'$$, 'the next run has nothing to write out');

select membership.set_policy('org too', email_domains => '{%.com,%.org}') as version \gset
select stored as replayed from ops.replay('membership.application', '{}', false) \gset
select ops.start_run('membership', 'membership.application', '{}') as r3 \gset
select pg_temp.export('third', :r3);
select is(:replayed, 1, 'one row is replayed');
select is(pg_temp.rows_of('third'), '{"s bob@x.org"}', 'and it alone comes in the next export');
select pg_temp.export('first again', :r1);
select is((select array_agg(row(batch_id, after_run, through_run)::text) from export where name = 'first again'),
    (select array_agg(row(batch_id, after_run, through_run)::text) from export where name = 'first'), 'the first run''s answer is as it was');
select ops.start_run('membership', 'membership.application', '{}') as r4 \gset
select pg_temp.export('fourth', :r4);
select is_empty($$select * from export where name = 'fourth'$$, 'and in no other');
select is(pg_temp.state_as('promoter', 'select * from ops.claim_export(-1)'), 'EM005', 'an unknown run');
select is(pg_temp.state_as('promoter', 'select * from ops.claim_export(null)'), 'EM005', 'a null run');

-- Runs that a crash cut short.
select is((select run_id from ops.unfinished_run('membership', 'membership.application')), :r4::bigint, 'the newest unfinished run');
select is(ops.finish_run(:r4, 'done') ->> 'read', '0', 'finish it');
select is((select run_id from ops.unfinished_run('membership', 'membership.application')), :r3::bigint, 'then the one before');
select is_empty($$select * from ops.unfinished_run('load', 'membership.application')$$, 'of another pipeline there is none');

update ops.run set started_at = '2022-01-01 01:02:03+02' where run_id = :r1;
set local timezone = 'Asia/Singapore';
set local datestyle = 'German';
select is(ops.run_name(:r1), 'membership-20211231T230203Z-' || :r1, 'a run''s name is in UTC, whatever the session says');
select is(ops.run_name(-1), null, 'an unknown run has none');

select is(ops.spreadsheet_safe(given), want, 'spreadsheet_safe ' || pg_temp.shown(given))
from (values ('=1+1', '''=1+1'), ('+1', '''+1'), ('-1', '''-1'), ('@x', '''@x'), (E'\tx', E'''\tx'), (E'\rx', E'''\rx'), ('=', '''='),
    ('a=1', 'a=1'), (' =1', ' =1'), ('''=1', '''=1'), ('12345678', '12345678'), ('', ''), (null, null), ('a@b.com', 'a@b.com'),
    ('李', '李')) as t (given, want);
select * from finish();
rollback;
