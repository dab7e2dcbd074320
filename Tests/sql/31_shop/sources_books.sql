-- Sources, landing, replay, provenance, reconciliation, findings as others settle them, and who may do what.
begin;
\ir ../support.psql
\ir sources.psql
select * from no_plan();

-- add_source
select is(pg_temp.state_as('emporium_owner', $$select shop.add_source('demo', 'EUR', 'Germany', 'Europe/Berlin')$$), '00000', 'a source is added');
select is(pg_temp.state_as('emporium_owner', $$select shop.add_source('demo', 'EUR', 'DE', 'Europe/Berlin')$$), '00000', 'the same again is nothing');
select is((select count(*) from shop.suppliers where company_name = 'demo'), 1::bigint, 'and makes no second supplier');
select is((select (currency, time_zone, (select country from shop.suppliers u where u.supplier_id = s.supplier_id))::text from shop.source s), '(EUR,Europe/Berlin,DE)', 'it is as it was said');
select is(pg_temp.state_as('emporium_owner', format('select shop.add_source(%s)', v)), code, v)
from (values ($$'demo', 'EUR', 'DE', 'UTC'$$, 'EM501'), ($$'demo', 'EUR', 'FR', 'Europe/Berlin'$$, 'EM501'), ($$'', 'EUR', 'DE', 'UTC'$$, 'EM502'), ($$null, 'EUR', 'DE', 'UTC'$$, 'EM502'), ($$'Demo', 'EUR', 'DE', 'UTC'$$, 'EM502'),
    ($$'1a', 'EUR', 'DE', 'UTC'$$, 'EM502'), ($$'a b', 'EUR', 'DE', 'UTC'$$, 'EM502'), ($$'a"; drop schema shop', 'EUR', 'DE', 'UTC'$$, 'EM502'), ($$repeat('a', 41), 'EUR', 'DE', 'UTC'$$, 'EM502'), ($$'a', 'XYZ', 'DE', 'UTC'$$, 'EM502'), ($$'a', null, 'DE', 'UTC'$$, 'EM502'),
    ($$'a', 'USD', 'DE', 'UTC'$$, 'EM502'), ($$'a', 'EUR', 'Nowhere', 'UTC'$$, 'EM502'), ($$'a', 'EUR', null, 'UTC'$$, 'EM502'), ($$'a', 'EUR', 'DE', 'Mars'$$, 'EM502'), ($$'a', 'EUR', 'DE', null$$, 'EM502'), ($$'a1_' || repeat('b', 37), 'EUR', 'DE', 'UTC'$$, '00000')) as t (v, code);
select is(pg_temp.state_as(role, $$select shop.add_source('x', 'EUR', 'DE', 'UTC')$$), '42501', role || ' adds none')
from unnest('{loader,promoter,analytics,sales,logistics,privacy,membership_reader}'::text[]) role;

-- register_file
select is(pg_temp.state_as('loader', format('select ops.register_file(%s)', v)), code, v)
from (values ($$'source.orders', repeat('a', 64), 'o.csv', 1, 'csv', ',', 'demo'$$, '00000'), ($$'source.orders', repeat('a', 64), 'o.csv', 1, 'csv', ',', 'nobody'$$, 'EM500'), ($$'source.orders', repeat('a', 64), 'o.csv', 1, 'csv', ','$$, 'EM503'),
    ($$'source.orders', repeat('a', 64), 'o.csv', 1, 'csv', ',', null$$, 'EM503'), ($$'membership.application', repeat('a', 64), 'o.csv', 1, 'csv', ',', 'demo'$$, 'EM503'), ($$'membership.application', repeat('a', 64), 'o.csv', 1, 'csv', ','$$, '00000'),
    ($$'no.feed', repeat('a', 64), 'o.csv', 1, 'csv', ',', 'demo'$$, 'EM010')) as t (v, code);
select pg_temp.add_source('other');
select is(pg_temp.state_as('loader', $$select ops.register_file('source.orders', repeat('a', 64), 'o.csv', 1, 'csv', ',', 'other')$$), '00000', 'the same bytes of another source');
select is((select count(*) from ops.source_file where sha256 = repeat('a', 64)), 3::bigint, 'are another file');
select is(pg_temp.state_as('loader', $$select ops.register_file('source.orders', repeat('a', 64), 'p.csv', 1, 'csv', ',', 'demo')$$), '00000', 'the same of the same source');
select is((select count(*) from ops.source_file where sha256 = repeat('a', 64)), 3::bigint, 'are the same');
delete from ops.source_file where sha256 = repeat('a', 64);

-- What roles may not.
select is(pg_temp.state_as(role, sql), '42501', role || ': ' || sql)
from (values ('loader', 'select * from shop.source_orders'), ('loader', 'select ops.complete_run(1)'), ('loader', 'select * from staging.source_orders'), ('loader', $$insert into shop.source_orders (source) values ('x')$$),
    ('promoter', $$select shop.assemble_source('demo', 1)$$), ('promoter', 'select shop.promote_source(1, 1)'), ('promoter', 'select * from shop.source_customers'), ('promoter', 'delete from quality.finding'),
    ('analytics', 'select * from quality.finding'), ('analytics', 'select * from shop.source_orders'), ('sales', 'select * from quality.finding'), ('logistics', 'select * from shop.source_orders'),
    ('collector', 'select * from quality.open_finding'), ('privacy', 'update shop.source_customers set email = null'), ('analytics', $$select quality.settle_findings('demo', 1, null, '{}', '{}')$$)) as t (role, sql);
select is(pg_temp.state_as(role, sql), '00000', role || ': ' || sql)
from (values ('promoter', 'select * from quality.open_finding'), ('analytics', 'select code, record from analytics.finding'), ('analytics', 'select order_id, employee_key, has_time from analytics.source_orders'), ('analytics', 'select order_id from analytics.order_without_time'),
    ('analytics', 'select source_key, title, first_name from analytics.source_employees'), ('privacy', 'select email, unused from shop.source_customers'), ('privacy', 'select * from quality.open_finding')) as t (role, sql);
select is((select array_agg(attname::text order by attname) from pg_attribute where attrelid = 'analytics.source_orders'::regclass and attname in ('customer_key', 'unused')), null, 'analysts see no key of a customer, and no value that was set aside');
select is(to_regclass('analytics.source_customers'), null, 'nor the customers as their systems know them');

-- Runs: what completes.
select is(pg_temp.take('customers', '{"1,,Ash,,,,,,,"}') || pg_temp.take('products', '{"1,Mug,Kitchen,1,,0,"}'), '1/0/01/0/0', 'records');
select pg_temp.land_source('orders', '{"1,1,,2025-01-05,,,new,","2,1,,2025-02-30,,,new,","3,1,,2025-01-05,,,lost,"}') as batch \gset
select is((select (source, "position", line, outcome)::text from ops.provenance(:batch, 2)), format('(%s,2,3,pending)', (select name from ops.source_file join ops.batch using (source_file_id) where batch_id = :batch)), 'provenance of a pending record');
select is(ops.source_of(:batch), 'demo', 'and its source');
select count(*) from pg_temp.promote_source('orders') \g /dev/null
select is(pg_temp.take('order_details', '{"1,1,1,1,1,","2,1,1,1,1,"}'), '2/0/0', 'lines');
select is(pg_temp.assemble() ->> 'orders', '1', 'one order is complete');
select is((select outcome || ' ' || reasons[1] from ops.provenance(:batch, 2)), 'rejected the order_date is no day and no time', 'provenance of a reject');
select is((select outcome from ops.provenance(:batch, 1)), 'stored in shop.source_version', 'and of what was stored');
select is((select ops.complete_run(r) from (select ops.start_run('load', 'membership.application', '{}')) t (r)), null, 'a feed that completes nothing');
select is((select ops.complete_run(r) from (select ops.start_run('load', 'source.orders', '{}')) t (r)), '{}', 'a run that has landed nothing, when nothing is left to do');
select throws_ok('select ops.complete_run(-1)', 'EM005', null, 'a run that is none');
select is(pg_temp.take('customers', '{"2,,Birch,,,,,,,"}', 'other'), '1/0/0', 'a run that died before it was completed');
select is((select ops.complete_run(r) -> 'other' ->> 'customers' from (select ops.start_run('load', 'source.orders', '{}')) t (r)), '1', 'is completed by the next');

-- Replay. The policy changes, the rejects are judged again and the orders are in the shop; not in a dry run.
select is_empty($$select * from ops.reconcile('source.orders')$$, 'the books hold');
update ops.setting set value = '1900-01-01' where name = 'sources.earliest';
select pg_temp.land_source('orders', '{"7,1,,1890-01-05,,,new,","8,1,,1890-01-06,,,new,"}') as old \gset
select count(*) from pg_temp.promote_source('orders') \g /dev/null
select pg_temp.take('order_details', '{"7,1,1,1,1,","8,1,1,1,1,"}') \g /dev/null
update ops.setting set value = '1800-01-01' where name = 'sources.earliest';
select is(pg_temp.state_as('promoter', $$select ops.replay('source.orders', '{"source":"demo"}', true)$$), '00000', 'a dry run of all that demo sent');
select is((select rejected from ops.batch where batch_id = :old), 2::bigint, 'changes nothing');
create temp table replayed (source text, done text);
insert into replayed select v, (select concat_ws(' ', batches, replayed, stored, rejected) from ops.replay('source.orders', v, false)) from (values ('{"source":"other"}'::jsonb), ('{"source":"demo","code":"status_unknown"}'), ('{"source":"demo"}'), ('{"source":"demo"}')) as t (v);
select is((select array_agg(done) from replayed), array['0 0 0 0', '1 1 0 1', '2 4 2 2', '1 2 0 2'], 'by source; by code; all; a second time');
select is((select count(*) from shop.orders join shop.source_orders using (order_id) where source_key in ('7', '8')), 2::bigint, 'a replay takes what it stores into the shop');
select is_empty($$select f.feed, r.* from ops.feed f, ops.reconcile(f.feed) r where f.feed like 'source.%'$$, 'the books hold');

-- What is replayed late does not take the place of what came after it.
select pg_temp.land_source('orders', '{"30,1,,1790-01-05,,,new,"}') as before \gset
select count(*) from pg_temp.promote_source('orders') \g /dev/null
select is(pg_temp.take('orders', '{"30,1,,2025-03-03,,,new,"}'), '1/0/0', 'a newer version of a rejected record');
update ops.setting set value = '1700-01-01' where name = 'sources.earliest';
select is((select stored from ops.replay('source.orders', jsonb_build_object('batch_id', :before), false)), 1::bigint, 'the old one is replayed');
select is((select ordered_on from shop.source_orders where source_key = '30'), date '2025-03-03', 'and the newer one stands');
select is((select count(*) from shop.source_version where source_key = '30'), 2::bigint, 'both are booked');

-- Snapshots: batches without a file.
do $$
declare
    v_run bigint := ops.start_run('load', 'source.customers', '{}');
    v_snapshot bigint;
    b record;
begin
    insert into ops.snapshot (source, feed, run_id, read, unchanged, landed) values ('demo', 'source.customers', v_run, 3, 1, 2) returning snapshot_id into v_snapshot;
    select * into b from ops.open_batch('source.customers');
    insert into staging.source_customers (batch_id, position, line, slot, payload) values
        (b.batch_id, 1, 1, b.slot, '{"customer_id":"50","last_name":"Elm"}'), (b.batch_id, 2, 2, b.slot, '{"customer_id":"51"}');
    insert into ops.batch (batch_id, feed, slot, received_on, run_id, received) values (b.batch_id, 'source.customers', b.slot, b.received_on, v_run, 2);
    insert into ops.snapshot_batch (batch_id, snapshot_id) values (b.batch_id, v_snapshot);
end
$$;
select max(snapshot_id) as snapshot, max(batch_id) as batch from ops.snapshot_batch \gset
select results_eq($$select stored, rejected from pg_temp.promote_source('customers')$$, 'values (1::bigint, 1::bigint)', 'a snapshot''s batch is promoted');
select is((select source || ' ' || outcome from ops.provenance(:batch, 2)), format('demo snapshot %s rejected', :snapshot), 'its provenance');
select is((select batches from ops.replay('source.customers', jsonb_build_object('source', format('demo snapshot %s', :snapshot)))), 1::bigint, 'it is replayed by that name');
select is((select batches from ops.replay('source.customers', '{"source":"demo"}')), 1::bigint, 'and by its source''s');
select is_empty($$select * from ops.reconcile('source.customers')$$, 'its books hold');
update ops.snapshot set unchanged = 0, landed = 3 where snapshot_id = :snapshot;
select is((select what from ops.reconcile('source.customers')), format('demo snapshot %s', :snapshot), 'and say so when they do not');
update ops.snapshot set unchanged = 1, landed = 2 where snapshot_id = :snapshot;

-- Findings that others settle: one feed's code at a time.
select max(run_id) as run from ops.run \gset
select is(quality.settle_findings('demo', :run, 'source.orders', '{gone_from_source}', array[('source.orders', 'gone_from_source', 'order 1')::quality.found, ('source.orders', 'gone_from_source', 'order 1')::quality.found]) > 0, true, 'a finding is opened, once');
select quality.settle_findings('demo', :run, 'source.customers', '{gone_from_source}', '{}') \g /dev/null
select pg_temp.take('orders', '{"31,1,,2025-03-03,,,new,"}'), pg_temp.assemble() \g /dev/null
select is((select count(*) from quality.finding where code = 'gone_from_source' and resolved_at is null), 1::bigint, 'other feeds and assembly leave it open');
select quality.settle_findings('demo', :run, 'source.orders', '{gone_from_source}', '{}') \g /dev/null
select is((select (resolved_run = :run and resolved_at is not null) from quality.finding where code = 'gone_from_source'), true, 'until it is back');
select is((select count(*) from quality.open_finding where reason is null or remedy is null), 0::bigint, 'each says what to do');

-- The last gate: a constraint that no rule foresees refuses the one record; an outage goes up and nothing is booked.
set local role emporium_owner;
alter table shop.source_orders add constraint made_for_a_test check (source_key <> '41') not valid;
reset role;
select pg_temp.land_source('orders', array(select format('%s,1,,2025-03-03,,,new,', n) from generate_series(36, 45) n)) as batch \gset
select results_eq($$select stored, rejected from pg_temp.promote_source('orders')$$, 'values (9::bigint, 1::bigint)', 'one is refused, nine are stored');
select is((select codes[1] || reasons[1] from staging.reject where batch_id = :batch), 'constraint_violationa constraint of the table refused the row (made_for_a_test)', 'which says by what');
set local role emporium_owner;
create function shop.made_for_a_test() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$begin raise sqlstate '53100'; end$$;
create trigger made_for_a_test before insert on shop.source_version for each statement execute function shop.made_for_a_test();
reset role;
select pg_temp.land_source('orders', '{"46,1,,2025-03-03,,,new,"}') as batch \gset
select is(pg_temp.state_as('promoter', $$select ops.promote_next('source.orders', 1)$$), '53100', 'a full disk goes up');
select is((select state from ops.batch where batch_id = :batch), 'landed', 'the batch waits');
set local role emporium_owner;
drop trigger made_for_a_test on shop.source_version;
alter table shop.orders add constraint made_for_a_test check (order_date <> '2025-04-04 00:00:00+00') not valid;
reset role;
select results_eq($$select stored, rejected from pg_temp.promote_source('orders')$$, 'values (1::bigint, 0::bigint)', 'until there is room');
select pg_temp.take('orders', '{"60,1,,2025-04-03,,,new,","61,1,,2025-04-04,,,new,","62,1,,2025-04-05,,,new,"}'), pg_temp.take('order_details', '{"60,1,1,1,1,","61,1,1,1,1,","62,1,1,1,1,"}') \g /dev/null
select is(pg_temp.assemble() ->> 'orders', '2', 'of three orders the shop refuses one');
select is((select array_agg(code || ' ' || record) from quality.open_finding where code = 'order_refused'), '{order_refused order 61}', 'which is found');
set local role emporium_owner;
alter table shop.orders drop constraint made_for_a_test;
reset role;
select is((select ops.complete_run(max(run_id)) -> 'demo' ->> 'orders' from ops.run where feed like 'source.%'), '1', 'and taken once it is no longer refused');
select is_empty($$select * from quality.open_finding where code = 'order_refused'$$, 'and resolved');
select is(pg_temp.faults(), 0::bigint, 'all holds');
select * from finish();
rollback;
