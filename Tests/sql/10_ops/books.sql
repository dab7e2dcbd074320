-- ops.claim_batch, settle_batch, await_turn, feed_named, setting_value, reasons, qualified, accounting, reconcile.
begin;
\ir ../support.psql
select * from no_plan();
select throws_ok('select ops.claim_batch(-1)', 'EM001', null, 'claiming an unknown batch');
select throws_ok('select ops.feed_named(''no.feed'')', 'EM010', null, 'an unknown feed');
select throws_ok('select ops.feed_named(null)', 'EM010', null, 'a null feed');
select is((ops.feed_named('membership.application')).promote_function, 'membership.promote', 'a known feed');
select throws_ok('select ops.setting_value(''no.setting'')', 'EM050', null, 'an unknown setting');
select is(ops.setting_value('rotate.lock_timeout'), '200ms', 'a known setting');
select is(ops.qualified('a.b'), 'a.b', 'qualified');
select is(ops.qualified('a"b.x;drop'), '"a""b"."x;drop"', 'qualified, hostile');
select is(ops.reasons('membership.application', '{mobile_missing,no_such,invalid_utf8}'),
    '{the mobile number is missing,no_such,the record is not UTF-8}'::text[], 'reasons in the order of codes; an unknown code stands for itself');
select is(ops.reasons('membership.application', '{}'), '{}'::text[], 'no codes, no reasons');

select pg_temp.land('{"Ann Ash,ann@books.com,1990-01-01,11111111","Bob Birch,bob@books.com,1990-01-01,1","Ann Ash,ANN@books.com,1990-01-01,11111111"}') as a \gset
select pg_temp.land('{"Cid Cox,cid@books.com,1990-01-01,11111111"}') as b \gset
select throws_ok(format('select membership.promote(%s, (select max(run_id) from ops.run))', :b), 'EM003', null, 'a later batch waits its turn');
select is(count(*), 0::bigint, 'nothing is out of balance while landed') from ops.reconcile('membership.application');
select is((select pending from ops.accounting where batch_id = :a), 3::bigint, 'three rows are pending');
select results_eq('select count(*) from pg_temp.promote()', 'values (2::bigint)', 'both are promoted');
select is(pg_temp.books(:a), '3 = 1 + 1 + 1, promoted', 'the first one''s books');
select is(pg_temp.books(:b), '1 = 1 + 0 + 0, promoted', 'the second one''s books');
select throws_ok(format('select ops.claim_batch(%s)', :a), 'EM002', null, 'claiming a promoted batch');
select throws_ok(format('select membership.promote(%s, 1)', :a), 'EM002', null, 'promoting it twice');
select throws_ok('select membership.promote(-1, 1)', 'EM001', null, 'promoting an unknown batch');
select is((select count(*) from ops.accounting where difference <> 0 or pending <> 0), 0::bigint, 'accounting has no difference');
select is_empty($$select * from ops.reconcile('membership.application')$$, 'reconcile finds nothing');
select throws_ok($$select * from ops.reconcile('no.feed')$$, 'EM010', null, 'reconcile of an unknown feed');

-- Rows missing from staging, or there twice: the batch does not settle.
select pg_temp.land('{"Dan Day,dan@books.com,1990-01-01,11111111","Eve Elm,eve@books.com,1990-01-01,1"}') as c \gset
savepoint s;
delete from staging.membership_application where batch_id = :c and position = 1;
select results_eq($$select what, booked, counted from ops.reconcile('membership.application')$$, $$values ('pending', 2::bigint, 1::bigint)$$, 'reconcile finds a row gone from staging');
select is(pg_temp.state_as('promoter', $$select * from ops.promote_next('membership.application', 1)$$), 'EM004', 'a row is missing from staging');
rollback to s;
insert into staging.membership_application select * from staging.membership_application where batch_id = :c and position = 2;
select isnt(pg_temp.state_as('promoter', $$select * from ops.promote_next('membership.application', 1)$$), '00000', 'a rejected row is there twice');
rollback to s;
insert into staging.membership_application select batch_id, 3, line, slot, defect, fields, payload from staging.membership_application where batch_id = :c and position = 2;
select is(pg_temp.state_as('promoter', $$select * from ops.promote_next('membership.application', 1)$$), 'EM004', 'a row too many');
rollback to s;
select throws_ok(format('select ops.settle_batch(row(%s, 2, 2, 1, 0)::ops.promotion, 1)', :c), 'EM004', null, 'counts that do not add up');
select throws_ok(format('select ops.settle_batch(row(%s, 1, 1, 0, 0)::ops.promotion, 1)', :c), 'EM004', null, 'fewer than pending');
select throws_ok(format('select ops.settle_batch(row(%s, null, null, null, null)::ops.promotion, 1)', :c), 'EM004', null, 'nulls');
select is(pg_temp.books(:c), '2 = 0 + 0 + 0, landed', 'none of that booked anything');
select throws_ok(format('update ops.batch set state = ''promoted'' where batch_id = %s', :c), '23514', null, 'nor can a batch be promoted out of balance by hand');
select throws_ok(format('update ops.batch set stored = 3 where batch_id = %s', :c), '23514', null, 'or hold more than was received');
select results_eq('select stored, rejected from pg_temp.promote()', 'values (1::bigint, 1::bigint)', 'untouched it settles');

-- Every kind of tampering is found.
\set tamper 'select batch_id, what, booked, counted from ops.reconcile(''membership.application'')'
savepoint t;
delete from membership.member where batch_id = :a;
select results_eq(:'tamper', format('values (%s::bigint, ''stored'', 1::bigint, 0::bigint)', :a), 'a member was deleted');
rollback to t;
delete from staging.reject where batch_id = :a and disposition = 'rejected';
select results_eq(:'tamper', format('values (%s::bigint, ''rejected'', 1::bigint, 0::bigint)', :a), 'a reject was deleted');
rollback to t;
delete from staging.reject where batch_id = :a and disposition = 'duplicate';
select results_eq(:'tamper', format('values (%s::bigint, ''duplicate'', 1::bigint, 0::bigint)', :a), 'a duplicate was deleted');
rollback to t;
update ops.batch set stored = stored - 1, rejected = rejected + 1 where batch_id = :a;
select results_eq(:'tamper', format('values (%s::bigint, ''rejected'', 2::bigint, 1::bigint), (%1$s, ''stored'', 0, 1)', :a), 'booked counts were changed');
rollback to t;
update ops.source_file set landed_records = 4 where source_file_id = (select source_file_id from ops.batch where batch_id = :a);
select is((select array_agg(booked || ' ' || counted) from ops.reconcile('membership.application') where what like 'file %' and batch_id is null), '{4 3}', 'a file''s count was changed');
rollback to t;
update membership.member set batch_id = null, position = null where batch_id = :b;
select results_eq(:'tamper', format('values (%s::bigint, ''stored'', 1::bigint, 0::bigint)', :b), 'a member was cut loose');
rollback to t;
update ops.batch set state = 'landed', stored = 0 where batch_id = :b;
select ok((select count(*) >= 1 from ops.reconcile('membership.application') r where r.batch_id = :b and r.what = 'stored'), 'a batch was set back');
rollback to t;
select is_empty($$select * from ops.reconcile('membership.application')$$, 'untouched, reconcile finds nothing again');
select * from finish();
rollback;
