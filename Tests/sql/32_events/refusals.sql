-- Refused events that come again, with the ids they had, are not refused twice.
begin;
\ir ../support.psql
\ir feed.psql
select plan(16);

select '019a1111-2222-7333-8444-555555500001' as first_id, '019a1111-2222-7333-8444-555555500002' as second_id \gset

-- By SQL: once in a batch of its own, then twice in another.
select pg_temp.land(array[pg_temp.event('{"attributes": {"messageIdStamp": "none"}}')], array[:'first_id']) as one \gset
select pg_temp.land(array[pg_temp.event('{"attributes": {"messageIdStamp": "none"}}'), pg_temp.event(),
    pg_temp.event('{"attributes": {"userId": 1, "messageIdStamp": "none"}}'), pg_temp.event('{"attributes": {"messageIdStamp": ""}}')],
    array[:'first_id', '019a1111-2222-7333-8444-555555500009', :'second_id', :'second_id'], p_partition => 1) as two \gset
select results_eq(
    $$ select received, stored, rejected, duplicate from pg_temp.promote_events() order by batch_id $$,
    $$ values (1::bigint, 0::bigint, 1::bigint, 0::bigint), (4, 1, 1, 2) $$, 'a refused event that comes again is a duplicate');
select is(pg_temp.told_of(:one, 1), 'message_id_malformed', 'the first reject stands');
select is(pg_temp.told_of(:two, 1), 'duplicate: refused_before,message_id_malformed', 'the second tells what it is, and why');
select is(pg_temp.told_of(:two, 4), 'duplicate: refused_before,message_id_missing', 'within a batch the lower offset stands');
select is((select messages from ops.outbox where batch_id = :two), 1::bigint, 'what is a duplicate is not sent off again');
select is_empty($$ select * from ops.reconcile('events.raw') $$, 'the books agree with the rows');
select is((select count(*) from events.refusal where batch_id in (:one, :two)), 2::bigint, 'each is booked once');

-- A replay that rejects it again finds its own reject, and no other.
select results_eq(
    $$ select replayed, stored, rejected, duplicate from ops.replay('events.raw', '{}', false) $$,
    $$ values (2::bigint, 0::bigint, 2::bigint, 0::bigint) $$, 'a replay changes nothing');
select is((select count(*) from events.refusal where batch_id in (:one, :two)), 2::bigint, 'nor what is booked');

-- At the door.
select pg_temp.land_events(array['{"a": 1}', '{"a": 1}']::bytea[], array['019a1111-2222-7333-8444-666666600001', '019a1111-2222-7333-8444-666666600001'],
    p_feed => 'events.dead_letter', p_codes => '{unknown_field,unknown_field}', p_errors => '{a,a}') as three \gset
select pg_temp.land_events(array['{"a": 1}', '{"b": 1}']::bytea[], array['019a1111-2222-7333-8444-666666600001', 'no correlation id'],
    p_feed => 'events.dead_letter', p_codes => '{unknown_field,unknown_field}', p_errors => '{a,b}', p_partition => 1) as four \gset
select results_eq(
    $$ select received, rejected, duplicate from pg_temp.promote_events('events.dead_letter') order by batch_id $$,
    $$ values (2::bigint, 1::bigint, 1::bigint), (2, 1, 1) $$, 'a dead letter of the door that comes twice is one');
select is(pg_temp.told_of(:four, 1), 'duplicate: refused_before,unknown_field', 'its repeat says so');
select is(pg_temp.told_of(:four, 2), 'unknown_field', 'without a correlation id nothing is known of it');
select is_empty($$ select * from ops.reconcile('events.dead_letter') $$, 'the books agree with the rows');

-- Forgotten with the rejects.
insert into events.refusal values ('01000000-0000-7000-8000-000000000001', 1, 1);
select is((select done from ops.maintain() where object = 'events.refusal'), '1 refused events forgotten', 'what is past retention goes');
select is((select count(*) from events.refusal where batch_id = :one), 1::bigint, 'what is not stays');
select throws_ok($$ set local role loader; select * from events.refusal $$, '42501', null, 'no program reads it');
reset role;
select * from finish();
rollback;
