-- Batches of any dirt: 0, 1, 10, 85 and 100 % bad, 4,000 rows each, against members and rejects that are there. Counts, no timing.
begin;
\ir ../support.psql
select * from no_plan();
create temp table dirt (bad integer, batch_id bigint);
insert into dirt
select bad, pg_temp.land(array(
    select case when n % 100 < bad then (array['ragged', format('D N%s,d%s-%s@x.org,1990-01-01,1', n, bad, n), format('D N%s,,1996/02/31,11111111', n), format(',d%s@x.com,2010-01-01,', n)])[1 + n % 4]
        else format('D N%s,d%s-%s@x.com,1990-01-01,11111111', n, bad, n) end
    from generate_series(0, 3999) n))
from unnest('{0,1,10,85,100}'::int[]) bad;
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote()',
    'select 4000::bigint, 4000 - 40::bigint * bad, 40::bigint * bad, 0::bigint from dirt order by batch_id', 'each is stored and rejected as it should');
select is((select count(*) from staging.reject r where r.batch_id = d.batch_id), 40::bigint * d.bad, d.bad || ' %: rejects are there') from dirt d;
select is((select array_agg(distinct array_to_string(codes, ',') order by array_to_string(codes, ',')) from staging.reject r join dirt using (batch_id) where bad = 85),
    '{column_count,"email_missing,date_of_birth_impossible","email_provider,mobile_not_8_digits","name_missing,not_over_18,mobile_missing"}', '85 %: with the codes they should have');
-- The last 4,000 rows again: people of one plain id were counted through, so all of them are duplicates.
select pg_temp.land(array(select format('D N%s,D0-%s@X.com,1990-01-01,11111111', n, n) from generate_series(0, 3999) n)) as again \gset
select results_eq('select stored, rejected, duplicate from pg_temp.promote()', 'values (0::bigint, 0::bigint, 4000::bigint)', 'a whole batch of duplicates');
-- One plain id for all.
select pg_temp.land(array(select format('D Same,same%s@x.com,1990-01-01,11111111', n) from generate_series(0, 3999) n)) as same \gset
select results_eq('select stored, rejected, duplicate from pg_temp.promote()', 'values (4000::bigint, 0::bigint, 0::bigint)', 'a whole batch of one plain id');
select is((select max(ordinal) from membership.member where last_name = 'Same'), 4000, 'counted through');
select is_empty('select * from ops.reconcile(''membership.application'')', 'the books hold');
select * from finish();
rollback;
