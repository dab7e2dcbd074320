-- Reading of a source's tables: what is landed, what is not, what is gone. Plain tables stand for foreign ones.
begin;
\ir ../support.psql
select no_plan();

set role emporium_owner;
select shop.add_source('depot', 'EUR', 'DE', 'Europe/Berlin');
reset role;
create schema source_depot authorization emporium_owner;  -- a copy of a database has not its owner's right to make schemas
set role emporium_owner;
update shop.source set foreign_schema = 'source_depot' where source = 'depot';
create table source_depot.customers (customer_id text, first_name text, last_name text, email text, phone text, address text, city text,
    postal_code text, country text, registered_on text);
create table source_depot.employees (employee_id text, first_name text, last_name text, title text, reports_to text, hired_on text);
create table source_depot.products (product_id text, name text, category text, price text, cost text, units_in_stock text, discontinued text);
create table source_depot.orders (order_id text, customer_id text, employee_id text, order_date text, paid_date text, shipped_date text,
    status text, payment_method text);
create table source_depot.order_details (order_id text, line_no text, product_id text, quantity text, unit_price text, discount text);
reset role;

-- As a loader and a promoter go; gives what the snapshot says and what became of it.
create function pg_temp.load(p_feed text, p_rows integer default 20000) returns text language plpgsql as $$
declare
    v_run bigint;
    v_snapshot ops.snapshot;
    v_batches bigint;
begin
    perform set_config('role', 'loader', true);
    v_run := ops.start_run('test', p_feed, '{}');
    v_snapshot := ops.land_snapshot('depot', p_feed, v_run, p_rows);
    perform set_config('role', 'promoter', true);
    while exists (select from ops.promote_next(p_feed, v_run)) loop
    end loop;
    perform set_config('role', 'none', true);
    select count(*) into v_batches from ops.snapshot_batch where snapshot_id = v_snapshot.snapshot_id;
    return format('%s = %s + %s in %s: %s', v_snapshot.read, v_snapshot.unchanged, v_snapshot.landed, v_batches,
        (select format('%s stored %s rejected %s duplicate', coalesce(sum(stored), 0), coalesce(sum(rejected), 0), coalesce(sum(duplicate), 0))
            from ops.batch where run_id = v_run));
end
$$;

insert into source_depot.customers
select n, 'Ann', 'Lee', format('a%s@example.com', n), null, '', 'Ulm', '89073', 'DE', '2024-02-29' from generate_series(1, 25) n;
insert into source_depot.orders values ('7', '1', null, '0000-00-00', null, null, 'new', 'card'), ('8', '1', null, '2025-01-02', null, null, 'new', 'card');

select is(pg_temp.load('source.customers', 10), '25 = 0 + 25 in 3: 25 stored 0 rejected 0 duplicate', 'a full reading, in batches');
select is(array(select received from ops.batch join ops.snapshot_batch using (batch_id) join ops.snapshot s using (snapshot_id)
    where s.source = 'depot' order by batch_id), '{10,10,5}'::bigint[], 'of so many rows');
select is(pg_temp.load('source.customers'), '25 = 25 + 0 in 0: 0 stored 0 rejected 0 duplicate', 'nothing new, nothing landed');
update source_depot.customers set email = email || ' ', address = null where customer_id::int < 5;
select is(pg_temp.load('source.customers'), '25 = 25 + 0 in 0: 0 stored 0 rejected 0 duplicate', 'blanks, and empty or null, are no change');
update source_depot.customers set city = 'Hof' where customer_id = '3';
select is(pg_temp.load('source.customers'), '25 = 24 + 1 in 1: 1 stored 0 rejected 0 duplicate', 'a change is landed alone');

select is(pg_temp.load('source.orders'), '2 = 0 + 2 in 1: 1 stored 1 rejected 0 duplicate', 'an impossible date is rejected');
select is(pg_temp.load('source.orders'), '2 = 2 + 0 in 0: 0 stored 0 rejected 0 duplicate', 'and not landed again as it is');
update source_depot.orders set order_date = '2025-02-28' where order_id = '7';
select is(pg_temp.load('source.orders'), '2 = 1 + 1 in 1: 1 stored 0 rejected 0 duplicate', 'mended it is');

-- A line that was rejected holds up its order until it is as it is known, or gone.
insert into source_depot.order_details values ('8', '1', '1', '2', '10.00', null), ('8', '2', '1', '0', '10.00', null), ('8', 'x', '1', '1', '10.00', null);
create function pg_temp.held() returns text[] language sql as $$select coalesce(array_agg(source_key order by source_key), '{}') from shop.source_refused_lines$$;
select is(pg_temp.load('source.order_details'), '3 = 0 + 3 in 1: 1 stored 2 rejected 0 duplicate', 'lines that are rejected');
select is(pg_temp.held(), '{8/,8/2}', 'are known as such');
select is(pg_temp.load('source.order_details'), '3 = 3 + 0 in 0: 0 stored 0 rejected 0 duplicate', 'and not landed again');
select is(pg_temp.held(), '{8/,8/2}', 'but known all the same');
update source_depot.order_details set quantity = '-2' where line_no = '1';
delete from source_depot.order_details where line_no = 'x';
select is(pg_temp.load('source.order_details'), '2 = 1 + 1 in 1: 0 stored 1 rejected 0 duplicate', 'a change that is rejected, and a line that went');
select is(pg_temp.held(), '{8/1,8/2}', 'the one holds up the order, the other no longer');
select results_eq($$select source_rows, stored_rows, rejected, missing, differing from ops.verify_snapshot('depot') where feed = 'source.order_details'$$,
    $$values (2::bigint, 1::bigint, 2::bigint, 0::bigint, 1::bigint)$$, 'compared: what was rejected, and of it what differs from the version before');
update source_depot.order_details set quantity = '2' where line_no = '1';
delete from source_depot.order_details where line_no = '2';
select is(pg_temp.load('source.order_details'), '1 = 1 + 0 in 0: 0 stored 0 rejected 0 duplicate', 'as it is known, and gone');
select is(pg_temp.held(), '{}'::text[], 'nothing holds up the order');

delete from source_depot.customers where customer_id = '9';
select is(pg_temp.load('source.customers'), '24 = 24 + 0 in 0: 0 stored 0 rejected 0 duplicate', 'a row that went lands nothing');
select results_eq($$select feed, code, record from quality.open_finding where source = 'depot' and code = 'gone_from_source'$$,
    $$values ('source.customers', 'gone_from_source', 'customer 9')$$, 'and is a finding');
select results_eq(
    $$select feed, source_rows, stored_rows, rejected, missing, differing, gone, gone_noted, source_checksum = stored_checksum, equal
        from ops.verify_snapshot('depot') where feed in ('source.customers', 'source.orders')$$,
    $$values ('source.customers', 24::bigint, 25::bigint, 0::bigint, 0::bigint, 0::bigint, 1::bigint, 1::bigint, true, true),
        ('source.orders', 2, 2, 0, 0, 0, 0, 0, true, true)$$, 'compared: equal but for what is known to be gone');
update source_depot.customers set city = 'Bonn' where customer_id = '3';
insert into source_depot.customers (customer_id, last_name) values ('90', 'New');
delete from source_depot.customers where customer_id = '1';
select results_eq(
    $$select missing, differing, gone, gone_noted, source_checksum = stored_checksum, equal from ops.verify_snapshot('depot') where feed = 'source.customers'$$,
    $$values (1::bigint, 1::bigint, 2::bigint, 1::bigint, false, false)$$, 'and what differs');
insert into source_depot.customers (customer_id, last_name) values ('9', 'Back');
select is(pg_temp.load('source.customers'), '25 = 22 + 3 in 1: 3 stored 0 rejected 0 duplicate', 'what comes back');
select is(array(select record from quality.open_finding where source = 'depot' and code = 'gone_from_source'), '{"customer 1"}', 'is a finding no longer');

select is(pg_temp.state_as('loader', $$select ops.land_snapshot('nobody', 'source.orders', 1)$$), 'EM500', 'an unknown source');
select is(pg_temp.state_as('loader', $$select ops.land_snapshot('depot', 'membership.application', 1)$$), 'EM511', 'a feed of no source');
update shop.source set foreign_schema = null where source = 'depot';
select is(pg_temp.state_as('promoter', $$select * from ops.verify_snapshot('depot')$$), 'EM511', 'a source of files alone');
select is(pg_temp.state_as('promoter', $$select ops.land_snapshot('depot', 'source.orders', 1)$$), '42501', 'promoters do not land');
select is(pg_temp.state_as('loader', $$select * from source_depot.orders$$), '42501', 'nor does a loader read for itself');

select * from finish();
rollback;
