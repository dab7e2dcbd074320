-- Removals side by side, and beside others who change orders: never both copies, never the one that was to stay. What is
-- done is committed, so this file has a database of its own.
\ir ../../support.psql
begin;
\ir ../fixture.psql
commit;
\ir ../removal.psql
select * from no_plan();
\ir ../../sessions.psql
select pg_temp.connect('a', 'promoter'), pg_temp.connect('b', 'promoter'), pg_temp.connect('owner', 'emporium_owner', 'postgres') \g /dev/null
create function pg_temp.day(p_first bigint, p_date timestamptz) returns void language sql as $$
    select pg_temp.placed(p_first + n, '{{1,1,10,0}}', p_status => 'paid', p_date => p_date + n * interval '1 minute') from generate_series(0, 2) n
$$;
select pg_temp.day(1, '2025-01-01 12:00Z') \g /dev/null
\set removed 'select order_id::text from shop.remove_duplicate_orders(''all'', ''day'', false) where action = ''removed'''

-- Two calls: the second waits for the first, looks again, and finds nothing.
select dblink_exec('a', 'begin') \g /dev/null
select is(pg_temp.ask('a', :'removed'), '2 3', 'the first call removes both duplicates');
select dblink_send_query('b', :'removed') \g /dev/null
select ok(pg_temp.waits('b'), 'the second one waits');
select dblink_exec('a', 'commit') \g /dev/null
select is(pg_temp.result('b'), null, 'and removes nothing');
select is((select count(*) from shop.orders), 1::bigint, 'one copy is left');
select is((select count(*) from shop.order_removal), 1::bigint, 'one removal is booked');

-- Where the first call is taken back, the second one does it.
select pg_temp.day(11, '2025-01-02 12:00Z') \g /dev/null
select dblink_exec('a', 'begin') \g /dev/null
select is(pg_temp.ask('a', :'removed'), '12 13', 'a call');
select dblink_send_query('b', :'removed') \g /dev/null
select ok(pg_temp.waits('b'), 'another one waits');
select dblink_exec('a', 'rollback') \g /dev/null
select is(pg_temp.result('b'), '12 13', 'and removes what the first one has not');

-- The order that was to stay is cancelled meanwhile: the next one stays instead.
select pg_temp.day(21, '2025-01-03 12:00Z') \g /dev/null
select dblink_exec('owner', 'begin'), dblink_exec('owner', $$update shop.orders set status = 'cancelled' where order_id = 21$$) \g /dev/null
select dblink_send_query('b', :'removed') \g /dev/null
select ok(pg_temp.waits('b'), 'a call waits for who cancels');
select pg_temp.placed(n, '{{2,1,30,0}}', p_date => '2025-01-06 12:00Z') from unnest('{51,52}'::bigint[]) n \g /dev/null
select dblink_exec('owner', 'commit') \g /dev/null
select is(pg_temp.result('b'), '23', 'and removes the last one alone: what has come meanwhile, it does not hold');

-- Who would cancel the order that stays, or take its lines, waits until the duplicates are gone.
select pg_temp.day(31, '2025-01-04 12:00Z') \g /dev/null
select dblink_exec('a', 'begin') \g /dev/null
select is(pg_temp.ask('a', :'removed'), '32 33 52', 'a call');
select dblink_send_query('owner', $$update shop.orders set status = 'cancelled' where order_id = 31 returning 'cancelled'$$) \g /dev/null
select ok(pg_temp.waits('owner'), 'who would cancel waits');
select dblink_exec('a', 'commit') \g /dev/null
select is(pg_temp.result('owner'), 'cancelled', 'and may then');

-- A stricter transaction cannot look again: it fails and is tried again by its caller.
select pg_temp.day(41, '2025-01-05 12:00Z') \g /dev/null
select dblink_exec('a', 'begin'), dblink_exec('b', 'begin isolation level repeatable read') \g /dev/null
select is(pg_temp.ask('a', :'removed'), '42 43', 'a call');
select dblink_send_query('b', :'removed') \g /dev/null
select ok(pg_temp.waits('b'), 'one that sees what was there at its beginning waits');
select dblink_exec('a', 'commit') \g /dev/null
select is(pg_temp.result('b'), '40001', 'and fails');
select dblink_exec('b', 'rollback') \g /dev/null

-- Two undos: one puts back, the other says that it is done.
select max(removal_id) as removal from shop.order_removal \gset
select format('select order_id::text from shop.restore_orders(%s)', :removal) as restored \gset
select dblink_exec('a', 'begin') \g /dev/null
select is(pg_temp.ask('a', :'restored'), '42 43', 'an undo');
select dblink_send_query('b', :'restored') \g /dev/null
select ok(pg_temp.waits('b'), 'another one waits');
select dblink_exec('a', 'commit') \g /dev/null
select is(pg_temp.result('b'), 'EM602', 'and is told that it was done');
select is_empty('select * from shop.order_fault', 'no order has a fault');
select is_empty('select * from shop.stock_fault', 'no stock has a fault');
select dblink_disconnect(n) from unnest('{a,b,owner}'::text[]) n \g /dev/null
select * from finish();
