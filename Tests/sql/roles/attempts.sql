-- Attempts, as the real roles, and attacks on definer functions by temporary tables.
begin;
\ir ../support.psql
select * from no_plan();
create role nobody_at_all login;
select pg_temp.land('{"Ann Ash,ann@x.com,1990-01-01,11111111","Bob,bob@x.com,1990-01-01,1"}') as a \gset
select is(pg_temp.state_as(role, q), state, format('%s: %s', role, q))
from (values
    ('loader', 'select * from staging.membership_application', '42501'), ('loader', 'select count(*) from staging.membership_application', '42501'), ('loader', 'update staging.membership_application set payload = ''x''', '42501'),
    ('loader', 'delete from staging.membership_application', '42501'), ('loader', 'truncate staging.membership_application', '42501'), ('loader', 'insert into staging.membership_application_0 values (-7, 1, 1, 0, null, null, ''x'')', '42501'),
    ('loader', 'insert into staging.membership_application values (-7, 1, 1, 0, null, null, ''x'') returning payload', '42501'), ('loader', 'insert into staging.membership_application values (-7, 1, 1, 0, null, null, ''x'')', '00000'),
    ('loader', 'select * from staging.reject', '42501'), ('loader', 'insert into staging.reject select * from staging.reject', '42501'), ('loader', 'select * from membership.member', '42501'), ('loader', 'select * from membership.successful', '42501'),
    ('loader', 'select * from ops.batch', '42501'), ('loader', 'update ops.batch set received = 0', '42501'), ('loader', 'select * from ops.accounting', '42501'), ('loader', 'select * from ops.source_file', '42501'),
    ('loader', 'select nextval(''ops.batch_id_seq'')', '42501'), ('loader', 'select * from ops.promote_next(''membership.application'', 1)', '42501'), ('loader', 'select * from ops.replay(''membership.application'')', '42501'),
    ('loader', 'select ops.rotate(''membership.application'')', '42501'), ('loader', 'select * from ops.provenance(1, 1)', '42501'), ('loader', 'select * from membership.promote(1, 1)', '42501'),
    ('loader', 'select membership.set_policy(''x'')', '42501'), ('loader', 'update ops.setting set value = ''0''', '42501'), ('loader', 'update ops.feed set promote_function = ''pg_catalog.pg_sleep''', '42501'),
    ('loader', 'create table ops.x (x int)', '42501'), ('loader', 'create table public.x (x int)', '42501'), ('loader', 'drop table staging.membership_application', '42501'), ('loader', 'create index on staging.membership_application (line)', '42501'),
    ('loader', 'alter table staging.membership_application disable trigger all', '42501'), ('loader', 'set local session_replication_role = replica', '42501'), ('loader', 'copy staging.membership_application to program ''true''', '42501'),
    ('promoter', 'select * from membership.member', '42501'), ('promoter', 'select * from membership.successful', '42501'), ('promoter', 'select * from staging.reject', '42501'), ('promoter', 'select * from staging.membership_application', '42501'),
    ('promoter', 'select * from staging.membership_application_0', '42501'), ('promoter', 'insert into staging.membership_application values (-7, 1, 1, 0, null, null, ''x'')', '42501'), ('promoter', 'update ops.batch set stored = 0', '42501'),
    ('promoter', 'delete from ops.replay_log', '42501'), ('promoter', 'select * from membership.promote(1, 1)', '42501'), ('promoter', 'select ops.claim_batch(1)', '42501'), ('promoter', 'select membership.set_policy(''x'')', '42501'),
    ('promoter', 'select ops.register_file(''membership.application'', repeat(''a'', 64), ''x'', 1, ''csv'')', '42501'), ('promoter', 'select * from ops.provenance(1, 1)', '42501'), ('promoter', 'select * from ops.batch', '00000'),
    ('promoter', 'select * from ops.accounting', '00000'), ('promoter', 'select * from ops.migration', '42501'),
    ('membership_reader', 'insert into membership.member (last_name) values (''x'')', '42501'), ('membership_reader', 'update membership.member set first_name = ''x''', '42501'), ('membership_reader', 'delete from membership.member', '42501'),
    ('membership_reader', 'truncate membership.member', '42501'), ('membership_reader', 'delete from membership.successful', '42501'), ('membership_reader', 'delete from staging.reject', '42501'), ('membership_reader', 'delete from membership.policy', '42501'),
    ('membership_reader', 'select * from staging.membership_application', '42501'), ('membership_reader', 'select membership.set_policy(''x'')', '42501'), ('membership_reader', 'select * from ops.replay(''membership.application'')', '42501'),
    ('membership_reader', 'select * from ops.promote_next(''membership.application'', 1)', '42501'), ('membership_reader', 'select * from membership.member for update', '42501'), ('membership_reader', 'lock table membership.member in share mode', '42501'),
    ('membership_reader', 'select * from membership.member', '00000'), ('membership_reader', 'select * from membership.unsuccessful', '00000'), ('membership_reader', 'select * from membership.successful', '00000'),
    ('membership_reader', 'select * from ops.provenance((select max(batch_id) from ops.batch), 1)', '00000'), ('membership_reader', 'select * from ops.reconcile(''membership.application'')', '00000'),
    ('nobody_at_all', 'select * from ops.batch', '42501'), ('nobody_at_all', 'select * from membership.member', '42501'), ('nobody_at_all', 'select ops.is_landed(1)', '42501'), ('nobody_at_all', 'select membership.mobile_rule(''1'')', '42501'),
    ('nobody_at_all', 'create table public.x (x int)', '42501'), ('nobody_at_all', 'create schema x', '42501')
) as t (role, q, state);
-- Set from the session's user, who is a superuser here, `set role` is allowed whatever the current role is; membership is what counts.
select ok(not pg_has_role('nobody_at_all', 'emporium_owner', 'member') and not pg_has_role('nobody_at_all', 'loader', 'member'), 'nobody_at_all is a member of nothing');

-- A loader copies.
set local role loader;
copy staging.membership_application (batch_id, position, line, slot, payload) from stdin;
-1	1	2	0	abc
\.
reset role;
select is((select count(*) from staging.membership_application where batch_id = -1), 1::bigint, 'a loader can COPY in');

-- Shadowing: temporary tables of the names that definer functions read, in the caller's session, with and without pg_temp in front.
delete from staging.membership_application where batch_id < 0;
grant temporary on database :"DBNAME" to loader, promoter;
grant usage on language sql, plpgsql to promoter;
set local role promoter;
set local search_path = pg_temp, public;
create temp table feed as select 'membership.application'::text as feed, 'membership_application'::text as staging_table, 'pg_temp.evil'::text as promote_function, 'pg_temp.evil'::text as stored_table, '{x}'::text[] as columns, true as commutes, 3::smallint as slots, 0::smallint as current_slot;
create temp table batch (batch_id bigint, feed text, state text, slot smallint, received bigint);
create temp table member (membership_id text, email text, date_of_birth date);
create temp table policy as select 99 as version, date '1900-01-01' as born_before, '{%}'::text[] as email_domains, null::date as earliest_birthday;
create temp table changed (membership_id text);
create temp table setting as select 'rotate.lock_timeout'::text as name, 'x'::text as value;
create temp table pg_class as select 1 as oid;
create temp table pg_inherits as select 1 as inhparent;
create function pg_temp.evil(bigint, bigint) returns integer language plpgsql as $$ begin raise exception using errcode = 'ZZ666'; end $$;
create function pg_temp.format(text, text) returns text language plpgsql as $$ begin raise exception using errcode = 'ZZ666'; end $$;
create function pg_temp.now() returns timestamptz language plpgsql as $$ begin raise exception using errcode = 'ZZ666'; end $$;
create function pg_temp.count(text) returns bigint language plpgsql as $$ begin raise exception using errcode = 'ZZ666'; end $$;
select ops.start_run('test', 'membership.application', '{}') as run \gset
select format('%s %s %s %s', batch_id, stored, rejected, duplicate) as promoted from ops.promote_next('membership.application', :run) \gset
select count(*) as wrong from ops.reconcile('membership.application') \gset
select count(*) as maintained from ops.maintain() \gset
select stored as replayed from ops.replay('membership.application', '{}', false) \gset
select ops.finish_run(:run, 'done') as finished \gset
reset role;
reset search_path;
select is(:'promoted'::text, :a || ' 1 1 0', 'promote_next went to the real tables');
select is(pg_temp.outcome(:a, 1) || ' ' || pg_temp.outcome(:a, 2), 'stored mobile_not_8_digits', 'which hold the outcome');
select is(:wrong, 0, 'reconcile counted the real ones');
select ok(:maintained >= 4, 'so did maintain');
select is(:replayed, 0, 'so did replay');
select is((select count(*) from pg_temp.member), 0::bigint, 'nothing went to the false ones');
set local search_path = pg_temp, public;
select is(pg_temp.state_as('emporium_owner', $$insert into membership.member (first_name, last_name, email, date_of_birth, mobile_no, above_18, policy_version) values ('A', 'B', 'z@x.com', '2010-01-01', '11111111', true, 1)$$), '23514',
    'the policy trigger reads neither a false policy nor a false transition table');
select is(pg_temp.state_as('emporium_owner', $$insert into membership.member (first_name, last_name, email, date_of_birth, mobile_no, above_18, policy_version) values ('A', 'B', 'z@x.com', '1990-01-01', '11111111', true, 99)$$), '23514',
    'nor does it know the false version');
reset search_path;
select * from finish();
rollback;
