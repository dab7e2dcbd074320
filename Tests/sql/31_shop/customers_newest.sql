-- Newest wins, whatever the order; redelivery, conflicts, returned dead letters; what a constraint refuses; outages.
begin;
\ir ../support.psql
\ir customers.psql
select * from no_plan();

-- Batches of two partitions about two customers, promoted in every order: one result.
--   1  42: the first state at 10:00; again, the same offset's content redelivered later in batch 3
--   2  42: 12:00 in city two; 43: 09:00
--   3  42: 11:00 after 12:00 (late), the redelivery of 1
--   4  42: 12:00, another city, partition 1: the conflict that stands; 43: 08:00, then 09:30 in one batch
create function pg_temp.state(p_id integer, p_at text, p_city text) returns jsonb language sql as
    $$ select pg_temp.customer(jsonb_build_object('customer_id', p_id, 'event_time', '2026-03-01T' || p_at || 'Z', 'city', p_city)) $$;
create temp table lane (place integer, batch_id bigint);
insert into lane values
    (1, pg_temp.land_customers(array[pg_temp.state(42, '10:00:00', 'one')])),
    (2, pg_temp.land_customers(array[pg_temp.state(42, '12:00:00', 'two'), pg_temp.state(43, '09:00:00', 'a')])),
    (3, pg_temp.land_customers(array[pg_temp.state(42, '11:00:00', 'late'), pg_temp.state(42, '10:00:00', 'one')])),
    (4, pg_temp.land_customers(array[pg_temp.state(42, '12:00:00', 'other'), pg_temp.state(43, '09:30:00', 'c'), pg_temp.state(43, '08:00:00', 'b')], p_partition => 1)),
    (5, pg_temp.land_customers(array[pg_temp.state(42, '12:00:00', 'two')]));
create function pg_temp.in_order(p_order integer[]) returns text language plpgsql as $$
declare
    v_place integer;
    v_seen text;
begin
    foreach v_place in array p_order loop
        perform shop.promote_customers(batch_id, 1) from lane where place = v_place;
    end loop;
    select format('%s; %s; %s; %s; %s', (select string_agg(customer_id || ' ' || city, ', ' order by customer_id) from shop.customers),
        (select string_agg(concat_ws(' ', customer_id, event_time at time zone 'UTC', partition, position), ', ' order by customer_id) from shop.customer_version),
        (select count(*) from shop.customer_event), (select count(*) from staging.reject where codes = '{duplicate_event}'),
        (select count(*) from ops.reconcile('shop.customer'))) into v_seen;
    raise exception using errcode = 'ZZ000', message = v_seen;
exception when sqlstate 'ZZ000' then return sqlerrm;
end $$;
with recursive orders (taken) as (
    select '{}'::integer[] union all select taken || n from orders, generate_series(1, 5) n where n <> all (taken)
), seen as (select pg_temp.in_order(taken) as seen from orders where cardinality(taken) = 5)
select is(string_agg(distinct seen, ' / ') || ' by ' || count(*), '42 other, 43 c; 42 2026-03-01 12:00:00 1 0, 43 2026-03-01 09:30:00 1 1; 7; 2; 0' || ' by 120', 'all 120 orders of five batches give one result') from seen;
select count(*) as n from pg_temp.promote_customers() \gset
select is((select format('%s %s %s', customer_id, event_time at time zone 'UTC', messages) from shop.customer_conflict), '42 2026-03-01 12:00:00 2', 'the conflict is there to be seen, and is the only one');
select is(pg_temp.told_of(batch_id, 1), 'duplicate_event', 'an event that comes again in another batch') from lane where place = 5;
select is((select format('%s %s %s', disposition, severity, reasons[1]) from staging.reject where batch_id = lane.batch_id), 'duplicate info the same event has been stored already', 'is a duplicate and no fault') from lane where place = 5;
select is_empty($$select * from ops.reconcile('shop.customer')$$, 'the books hold');
-- The same in other words is the same: offset, white space, case, key order, a country's name.
select pg_temp.land_messages(array[convert_to('{"event_time":"2026-03-01T14:00:00.000+02:00","country":"Germany","email":"ANN@ash.example.com ","last_login_date":"2025-03-01T10:11:12.500000Z","registration_date":"2024-03-01T10:11:12+00:00",'
    || '"phone_number":"0151 12345678","postal_code":"10115","city":" two","age":34,"last_name":"Ash","first_name":"Ann","customer_id":42}', 'UTF8')]) as again \gset
select count(*) as n from pg_temp.promote_customers() \gset
select is(pg_temp.told_of(:again, 1), 'duplicate_event', 'the same event written another way');
-- Twice in a batch.
select pg_temp.land_customers(array[pg_temp.state(44, '10:00:00', 'x'), pg_temp.state(44, '10:00:00', 'x'), pg_temp.state(44, '10:00:00', 'y'), pg_temp.state(44, '09:00:00', 'z')]) as twice \gset
select count(*) as n from pg_temp.promote_customers() \gset
select is(pg_temp.told_of(:twice, 1) || ' ' || pg_temp.told_of(:twice, 2) || ' ' || pg_temp.told_of(:twice, 3) || ' ' || pg_temp.told_of(:twice, 4), 'stored duplicate_event stored stored', 'twice in a batch: the first offset is the one that is kept');
select is((select city from shop.customers where customer_id = 44), 'y', 'of equal times in a batch the later offset stands');
-- A value that is gone is gone: a message is the whole state.
select pg_temp.land_customers(array[pg_temp.customer('{"customer_id":44,"event_time":"2026-04-01T00:00:00Z"}', '{first_name,age,city,postal_code,phone_number,last_login_date}')]) as bare \gset
select count(*) as n from pg_temp.promote_customers() \gset
select is((select num_nonnulls(first_name, age, city, postal_code, phone_number, last_login_date) from shop.customers where customer_id = 44), 0, 'what a newer message leaves out is null');
-- A customer who went does not come back by an old message; by a new one he does.
set local role emporium_owner;
delete from shop.customers where customer_id = 44;
reset role;
select pg_temp.land_customers(array[pg_temp.state(44, '11:00:00', 'old')]) as old \gset
select count(*) as n from pg_temp.promote_customers() \gset
select is((select count(*) from shop.customers where customer_id = 44), 0::bigint, 'an old message does not bring back who went');
-- A row that was written by hand gives way to the first message.
set local role emporium_owner;
insert into shop.customers (customer_id, last_name) values (45, 'Hand');
reset role;
select pg_temp.land_customers(array[pg_temp.state(45, '10:00:00', 'feed')]) as hand \gset
select count(*) as n from pg_temp.promote_customers() \gset
select is((select last_name || ' ' || city from shop.customers where customer_id = 45), 'Ash feed', 'a row written by hand gives way');

-- Dead letters that come back.
select pg_temp.land_customers(array[pg_temp.customer('{"customer_id":50}'), pg_temp.customer('{"customer_id":51,"age":400,"city":1}'), pg_temp.customer('{"customer_id":50}'), pg_temp.customer('{"customer_id":52,"age":400}')],
    p_origins => array['c/customers:0:7', 'c/customers:0:8', 'c/customers:0:9', null]) as returned \gset
select count(*) as n from pg_temp.promote_customers() \gset
select is(pg_temp.told_of(:returned, 1), 'stored', 'one that is mended is stored');
select is(pg_temp.told_of(:returned, 2), 'returned_dead_letter,age_impossible,city_type', 'one that fails again says why');
select is(pg_temp.told_of(:returned, 3), 'duplicate_event', 'one that has been stored meanwhile');
select is(pg_temp.books(:returned), '4 = 1 + 1 + 2, promoted', 'neither is counted as a reject again');
select is((select format('%s %s %s', disposition, origin, cardinality(reasons)) from staging.reject where batch_id = :returned and codes @> '{returned_dead_letter}'), 'duplicate c/customers:0:8 3', 'its reject names its origin');

-- A constraint that refuses what the rules let through: exactly those rows are rejects, and the rest is stored.
savepoint s;
select pg_temp.land_customers(array(select pg_temp.customer(jsonb_build_object('customer_id', 1000 + n, 'city', 'c' || n) || case when n = 20 then '{"age":999}' else '{}' end::jsonb) from generate_series(1, 50) n),
    p_origins => array(select case when n = 31 then 'c/customers:0:1' end from generate_series(1, 50) n)) as refused \gset
savepoint landed;
set local role emporium_owner;
select ok(not exists (select from pg_locks where relation = 'shop.customer_version'::regclass and mode = 'ShareRowExclusiveLock'), 'promoters side by side until a constraint refuses a row');
alter table shop.customers add constraint customers_test_check check (city not in ('c1', 'c7', 'c8', 'c31', 'c50')) not valid;
reset role;
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote_customers()', 'values (50::bigint, 44::bigint, 5::bigint, 1::bigint)', 'a CHECK refuses five rows: the others are stored');
select ok(exists (select from pg_locks where relation = 'shop.customer_version'::regclass and mode = 'ShareRowExclusiveLock' and pid = pg_backend_pid()), 'while it looks for them nobody else stores: halves take their locks out of order');
select is((select array_agg(position - (select from_offset from ops.kafka_batch where batch_id = :refused) + 1 order by position) from staging.reject where batch_id = :refused and codes = '{constraint_violation}' and reasons[1] like '%(customers_test_check)'), '{1,7,8,50}', 'those are rejects, and name it');
select is((select format('%s %s %s', disposition, codes, reasons[2]) from staging.reject where batch_id = :refused and origin is not null), 'duplicate {returned_dead_letter,constraint_violation} a constraint of the table refused the row (customers_test_check)', 'one that is a returned dead letter is no second reject');
select is((select count(*) from shop.customer_version v where customer_id between 1001 and 1050) || ' ' || (select count(*) from shop.customer_event where customer_id between 1001 and 1050), '44 44', 'neither ledger nor versions know them');
select is_empty($$select * from ops.reconcile('shop.customer')$$, 'the books hold');
rollback to landed;
create function pg_temp.refuse() returns trigger language plpgsql as $$
begin
    if new.city in ('c2', 'c49') then raise exception using errcode = tg_argv[0], message = 'refused', constraint = 'customers_test'; end if;
    return null;
end $$;
create constraint trigger t900_test after insert or update on shop.customers deferrable initially deferred for each row execute function pg_temp.refuse('23514');
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote_customers()', 'values (50::bigint, 47::bigint, 3::bigint, 0::bigint)', 'a deferred constraint trigger refuses two');
select lives_ok('set constraints all immediate', 'and nothing is left that would fail at COMMIT');
rollback to landed;
-- An outage, at once or deferred: the promote fails with its SQLSTATE and books nothing.
create function pg_temp.refuse() returns trigger language plpgsql as $$
begin
    if new.city in ('c2', 'c49') then raise exception using errcode = tg_argv[0], message = 'refused'; end if;
    return null;
end $$;
create function pg_temp.outage(p_state text, p_deferred boolean) returns text language plpgsql as $$
declare v text;
begin
    begin
        execute format('create constraint trigger t900_test after insert on shop.customers %s for each row execute function pg_temp.refuse(%L)', case when p_deferred then 'deferrable initially deferred' else '' end, p_state);
        begin
            perform pg_temp.promote_customers();
            v := '00000';
        exception when others then v := sqlstate;
        end;
        v := v || ' ' || (select count(*) from shop.customer_event where customer_id between 1001 and 1050) || ' ' || (select state || ' ' || stored + rejected + duplicate from ops.batch where state = 'landed');
        raise exception using errcode = 'ZZ000';
    exception when sqlstate 'ZZ000' then return v;
    end;
end $$;
select is(pg_temp.outage(state, deferred), state || ' 0 landed 0', format('%s %s', state, case when deferred then 'deferred' else 'at once' end))
from unnest('{53100,53200,40P01,40001,55P03,57P01,57P03,58030,08006,XX000,42501,P0001}'::text[]) state, unnest('{false,true}'::boolean[]) deferred;
select results_eq('select stored, rejected from pg_temp.promote_customers()', 'values (49::bigint, 1::bigint)', 'once it is over the batch is promoted as if nothing had been');
select is(pg_temp.state_as('postgres', format('select shop.promote_customers(%s, 1)', :refused)), 'EM002', 'a batch is promoted once');
select is(pg_temp.state_as('postgres', 'select shop.promote_customers(-1, 1)'), 'EM001', 'an unknown batch');
rollback to s;

-- Who may.
select is(pg_temp.state_as(role, sql), '42501', role || ': ' || sql)
from unnest('{loader,promoter,analytics,sales,logistics,membership_reader,relay}'::text[]) role,
    unnest(array['select * from shop.customer_event', 'select * from shop.customer_version', 'select * from shop.customer_conflict', 'select payload from staging.shop_customer', 'select shop.promote_customers(1, 1)', 'insert into shop.customer_event select * from shop.customer_event',
        'select shop.store_customers(null, 1, 0, 0, 1)', 'select * from shop.judged_customers(1, 0::smallint, 0, 1, now(), now())']) sql;
select is(pg_temp.state_as('loader', $$insert into staging.shop_customer (batch_id, position, slot, payload) values (-1, 0, 0, '')$$), '00000', 'a loader lands');
select is(pg_temp.state_as('privacy', 'select * from shop.customer_event, shop.customer_version'), '00000', 'privacy sees what is kept of a person');
select * from finish();
rollback;
