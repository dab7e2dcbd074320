-- From a stored row, a reject, a duplicate or a pending one back to file and line: as the role that may ask.
begin;
\ir ../support.psql
select * from no_plan();
select pg_temp.land('{"Ann Ash,ann@x.com,1990-01-01,11111111","Bob,bob@x.com,1990-01-01,1","Ann Ash,ann@x.com,1990-01-01,11111111"}', p_name => 'first.csv') as a \gset
select count(*) as n from pg_temp.promote() \gset
select pg_temp.land('{"Cid Cox,cid@x.com,1990-01-01,11111111"}', p_name => 'second.csv') as b \gset
set local role membership_reader;
select string_agg(format('%s %s %s %s %s %s', feed, source, "position", line, outcome, cardinality(reasons)), ';') as stored from ops.provenance(:a, 1) \gset
select string_agg(format('%s %s %s %s %s %s', feed, source, "position", line, outcome, cardinality(reasons)), ';') as rejected from ops.provenance(:a, 2) \gset
select string_agg(format('%s %s %s %s %s %s', feed, source, "position", line, outcome, cardinality(reasons)), ';') as duplicate from ops.provenance(:a, 3) \gset
select string_agg(format('%s %s %s %s %s %s', feed, source, "position", line, outcome, cardinality(reasons)), ';') as pending from ops.provenance(:b, 1) \gset
select count(*) as nothing from ops.provenance(:a, 99) \gset
select sha256, landed_by, judged_by, received_at from ops.provenance(:a, 1) \gset
reset role;
select is(:'stored'::text, 'membership.application first.csv 1 2 stored in membership.member ', 'a stored row');
select is(:'rejected'::text, 'membership.application first.csv 2 3 rejected 1', 'a reject');
select is(:'duplicate'::text, 'membership.application first.csv 3 4 duplicate 1', 'a duplicate');
select is(:'pending'::text, 'membership.application second.csv 1 2 pending ', 'a pending row');
select is(:nothing, 0, 'a position that never was');
select is((select format('%s %s %s', f.sha256, b.run_id, b.promoted_run) from ops.batch b join ops.source_file f using (source_file_id) where batch_id = :a),
    format('%s %s %s', :'sha256', :landed_by, :judged_by), 'the file''s digest, the run that landed and the one that judged');
select is((select received_at from ops.batch where batch_id = :a), :'received_at'::timestamptz, 'when it came');
select is(pg_temp.state_as('membership_reader', 'select * from ops.provenance(-1, 1)'), 'EM001', 'an unknown batch');
select is(pg_temp.state_as('membership_reader', 'select * from ops.provenance(null, null)'), 'EM001', 'a null batch');
select * from finish();
rollback;
