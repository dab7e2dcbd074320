-- ops.land_messages, open_batches, accept_gap: the fence; and what the books, reconcile, provenance, promote and replay
-- make of batches of messages.
begin;
\ir ../support.psql
\ir kafka.psql
select * from no_plan();

-- Several batches at once.
set local role loader;
select batch_ids as ids, slot, received_on, staging_table from ops.open_batches('shop.customer', 3) \gset
select batch_ids as none from ops.open_batches('shop.customer', 0) \gset
reset role;
select is(cardinality(:'ids'::bigint[]), 3, 'as many as asked for');
select ok((:'ids'::bigint[])[1] < (:'ids'::bigint[])[2] and (:'ids'::bigint[])[2] < (:'ids'::bigint[])[3], 'rising');
select is(:'none'::bigint[], '{}', 'none for none');
select is(:'staging_table'::text, 'staging.shop_customer', 'the table to copy into');
select is(:'received_on'::date, (clock_timestamp() at time zone 'UTC')::date, 'the UTC day');
select is(:slot, 0, 'the current slot');
select has_table('staging', ('reject_' || to_char(:'received_on'::date, 'YYYYMM'))::name, 'the day''s partition is there');
select is(pg_temp.state_as('loader', $$select ops.open_batches('no.feed', 1)$$), 'EM010', 'an unknown feed');

-- The fence.
select is(pg_temp.share(1, 2), '0/-/1 1/-/1', 'a loader owns both partitions');
select is(pg_temp.land_messages(0, 1, 0, 3), 'EM022', 'nothing lands before reading has begun');
set local role loader;
select ops.begin_partition('shop.customer', 'c1', 0, 1, 100) as x, ops.begin_partition('shop.customer', 'c1', 1, 1, 0) as y \gset
reset role;
select is(pg_temp.land_messages(partition, epoch, f, t, payloads), state, name)
from (values (0, 0, 100, 103, null::text[], 'EM022', 'an epoch that was'), (0, 2, 100, 103, null, 'EM022', 'an epoch to come'), (0, null, 100, 103, null, 'EM022', 'no epoch'),
    (0, 1, 99, 103, null, 'EM022', 'from before where it stands'), (0, 1, 101, 103, null, 'EM022', 'from behind where it stands'),
    (1, 1, 100, 103, null, 'EM022', 'another partition''s offset'), (0, 1, 100, 100, '{a}', '23514', 'no offsets'), (0, 1, 100, 99, '{a}', '23514', 'fewer than no offsets'),
    (0, 1, 100, 103, '{}', '23514', 'no messages'), (7, 1, 100, 103, null, '23503', 'a partition that is not')) as t (partition, epoch, f, t, payloads, state, name);
select is((select count(*) from ops.batch) + (select count(*) from ops.kafka_batch), 0::bigint, 'a refused batch books nothing');
select is(pg_temp.share(1, 2), '0/100/1 1/0/1', 'and moves nothing');
select is(pg_temp.land_messages(0, 1, 100, 103, '{a,b,c}'), '00000', 'the next offset at the epoch: landed');
select is(pg_temp.land_messages(0, 1, 100, 103, '{a,b,c}'), 'EM022', 'the same again: a zombie at the same epoch, the position has moved');
select is(pg_temp.land_messages(0, 1, 103, 110, '{d,e}'), '00000', 'fewer messages than offsets: a compacted topic');
select is(pg_temp.land_messages(1, 1, 0, 1, '{z}'), '00000', 'the other partition');
select is(pg_temp.share(1, 2), '0/110/1 1/1/1', 'where they stand now');
select is((select string_agg(format('%s %s-%s %s %s', b.lane, k.from_offset, k.to_offset, b.received, b.state), ', ' order by b.batch_id) from ops.batch b join ops.kafka_batch k using (batch_id)),
    'customers:0 100-103 3 landed, customers:0 103-110 2 landed, customers:1 0-1 1 landed', 'the books');
select batch_id as a from ops.kafka_batch where from_offset = 100 \gset
select batch_id as b from ops.kafka_batch where from_offset = 103 \gset
select batch_id as z from ops.kafka_batch where partition = 1 \gset
-- Another loader takes over: what the first has read cannot land.
update ops.kafka_member set lease_until = clock_timestamp() - interval '1 ms';
select is(pg_temp.share(2, 2), '0/110/2 1/1/2', 'the second is told where to go on');
select is(pg_temp.land_messages(0, 1, 110, 111, '{f}'), 'EM022', 'the first is refused at the very offset');
select is(pg_temp.land_messages(0, 2, 110, 111, '{f}'), '00000', 'the second lands it');
select batch_id as f from ops.kafka_batch where from_offset = 110 \gset
-- Both partitions in one call, of which one has been moved: neither lands.
prepare landing (bigint, bigint) as select ops.land_messages('shop.customer', 'c1', (select max(run_id) from ops.run), 0::smallint, current_date, array[90001, 90002],
    '{1,0}', '{2,2}', array[$1, $2], array[$1 + 5, $2 + 5], '{5,5}', '{50,150}');
savepoint s;
select throws_ok('execute landing(1, 110)', 'EM022', 'another loader has moved customers:0 on', 'one of two has been moved');
select is((select count(*) from ops.kafka_batch), 4::bigint, 'then none is landed');
select lives_ok('execute landing(1, 111)', 'both as they stand');
select is(pg_temp.share(2, 2), '0/116/2 1/6/2', 'both have moved on');
select results_eq($$select next_offset, high_offset, lag, owner, waiting_batches, waiting_records from ops.kafka_lag order by partition$$,
    $$values (116::bigint, 150::bigint, 34::bigint, 'member 2', 4::bigint, 11::bigint), (6, 50, 44, 'member 2', 2, 6)$$, 'the lag, and what waits');
rollback to s;

-- A gap that somebody accepts.
select is(pg_temp.state_as(role, format('select ops.accept_gap(''shop.customer'', ''c1'', 0, %s, %s, %L)', f, t, reason)), state, name)
from (values ('promoter', 110, 120, 'x', 'EM023', 'not where it stands'), ('promoter', 111, 111, 'x', '23514', 'an empty gap'), ('promoter', 111, 100, 'x', '23514', 'a gap backwards'),
    ('promoter', 111, 120, null, '23502', 'no reason'), ('sales', 111, 120, 'x', '42501', 'somebody else'), ('loader', 111, 115, 'expired', '00000', 'by a loader'),
    ('promoter', 115, 120, 'expired, too', '00000', 'by a promoter'), ('promoter', 115, 120, 'expired', 'EM023', 'twice')) as t (role, f, t, reason, state, name);
select results_eq('select from_offset, to_offset, reason, accepted_by from ops.kafka_gap order by 1', $$values (111::bigint, 115::bigint, 'expired', session_user), (115, 120, 'expired, too', session_user)$$, 'who, and why');
select is(pg_temp.land_messages(0, 2, 111, 112, '{g}'), 'EM022', 'a loader that stood before it is refused');
select is(pg_temp.land_messages(0, 2, 120, 121, '{g}'), '00000', 'and goes on behind it');

-- Every kind of tampering with offsets is found.
\set tamper 'select what, booked, counted from ops.reconcile(''shop.customer'') order by what, booked desc'
select is_empty(:'tamper', 'offsets are covered exactly once');
savepoint t;
delete from ops.kafka_gap where from_offset = 111;
select results_eq(:'tamper', $$values ('offsets customers:0', 111::bigint, 115::bigint)$$, 'a hole');
rollback to t;
update ops.kafka_batch set to_offset = 109 where batch_id = :b;
select results_eq(:'tamper', $$values ('offsets customers:0', 109::bigint, 110::bigint)$$, 'a hole between batches');
rollback to t;
update ops.kafka_batch set from_offset = 101 where batch_id = :b;
select results_eq(:'tamper', $$values ('offsets customers:0', 103::bigint, 101::bigint)$$, 'an overlap');
rollback to t;
insert into ops.batch (batch_id, feed, lane, slot, received_on, run_id, received) select 90001, feed, lane, 1, received_on, run_id, received from ops.batch where batch_id = :b;
insert into ops.kafka_batch select 90001, feed, cluster_id, partition, from_offset, to_offset from ops.kafka_batch where batch_id = :b;
insert into staging.shop_customer select 90001, position, 1, defect, message_key, origin, payload from staging.shop_customer where batch_id = :b;
select results_eq(:'tamper', $$values ('offsets customers:0', 110::bigint, 103::bigint)$$, 'a batch landed twice');
rollback to t;
update ops.kafka_position set next_offset = 200 where partition = 0;
select results_eq(:'tamper', $$values ('offsets customers:0', 121::bigint, 200::bigint)$$, 'a position that ran ahead');
rollback to t;
update ops.kafka_position set next_offset = 120 where partition = 0;
select results_eq(:'tamper', $$values ('offsets customers:0', 121::bigint, 120::bigint)$$, 'a position that fell back');
rollback to t;
update ops.kafka_position set first_offset = 99 where partition = 0;
select results_eq(:'tamper', $$values ('offsets customers:0', 99::bigint, 100::bigint)$$, 'a beginning that was lost');
rollback to t;
update ops.batch set received = 4 where batch_id = :a;
select results_eq(:'tamper', $$values ('offsets customers:0', 4::bigint, 3::bigint), ('pending', 4, 3)$$, 'more messages than offsets');
rollback to t;
delete from ops.kafka_batch where batch_id = :z;
select results_eq(:'tamper', $$values ('offsets customers:1', 1::bigint, null::bigint), ('offsets customers:1', 0, 1)$$, 'a batch without offsets');
rollback to t;
select is_empty(:'tamper', 'untouched, nothing is found');

-- Lanes: of a feed that does not commute each lane's first, by whoever; of one that does, the earliest.
select results_eq('select ops.next_batch(f) from ops.feed f where f.feed = ''shop.customer''', format('values (%s::bigint)', :a), 'the earliest');
update ops.feed set commutes = false where feed = 'shop.customer';
update ops.batch set state = 'promoted', stored = received where batch_id = :a;
select results_eq('select ops.next_batch(f) from ops.feed f where f.feed = ''shop.customer''', format('values (%s::bigint)', :b), 'the earliest of all lanes');
select throws_ok(format('select ops.await_turn(b) from ops.batch b where batch_id = %s', :f), 'EM003', null, 'a later one of the lane waits');
select lives_ok(format('select ops.await_turn(b) from ops.batch b where batch_id = %s', :z), 'another lane does not');
update ops.batch set state = 'landed', stored = 0 where batch_id = :a;
update ops.feed set commutes = true where feed = 'shop.customer';

-- A promote that stores what begins with a letter, rejects what is empty: enough for books, provenance and replay.
create or replace function shop.promote_customers(p_batch bigint, p_run bigint) returns ops.promotion language plpgsql as $$
declare
    v_batch ops.batch := ops.claim_batch(p_batch);
    v_done ops.promotion;
begin
    insert into shop.customer_event (customer_id, event_time, digest, batch_id, position)
    select ascii(convert_from(payload, 'UTF8')), '2024-01-01Z', md5(payload)::uuid, batch_id, position from staging.shop_customer where batch_id = p_batch and slot = v_batch.slot and payload <> '';
    get diagnostics v_done.stored = row_count;
    insert into staging.reject (received_on, batch_id, position, run_id, disposition, severity, defect, codes, reasons, payload, message_key, origin)
    select v_batch.received_on, batch_id, position, p_run, 'rejected', 'error', defect, '{tombstone}', '{empty}', payload, message_key, origin
    from staging.shop_customer where batch_id = p_batch and slot = v_batch.slot and payload = '';
    get diagnostics v_done.rejected = row_count;
    v_done.batch_id := p_batch;
    v_done.duplicate := 0;
    v_done.received := v_done.stored + v_done.rejected;
    perform ops.settle_batch(v_done, p_run);
    return v_done;
end
$$;
select is(pg_temp.land_messages(1, 2, 1, 4, '{"",y,""}'), '00000', 'tombstones among messages');
select batch_id as t from ops.kafka_batch where partition = 1 and from_offset = 1 \gset
select position as p, string_agg(format('%s %s %s %s %s', source, "position", line, outcome, judged_by), ';') as pending from ops.provenance(:t, 1) group by 1 \gset
select is(:'pending'::text, 'c1/customers:1 1  pending ', 'where a pending message came from');
select ops.start_run('test', 'shop.customer', '{}') as run \gset
create function pg_temp.promote_messages(p_run bigint) returns integer language plpgsql as $$
declare
    v_count integer := 0;
begin
    perform set_config('role', 'promoter', true);
    loop
        perform * from ops.promote_next('shop.customer', p_run);
        exit when not found;
        v_count := v_count + 1;
    end loop;
    perform set_config('role', 'none', true);
    return v_count;
end
$$;
select pg_temp.promote_messages(:run) as n \gset
select is(:n, 6, 'every batch is promoted');
select is(pg_temp.books(:t), '3 = 1 + 2 + 0, promoted', 'the books of the one with tombstones');
select results_eq(format('select source, pending, difference from ops.accounting where batch_id = %s', :t), $$values ('customers:1', 0::bigint, 0::bigint)$$, 'its source');
set local role membership_reader;
select string_agg(format('%s %s %s %s %s %s', source, "position", line, outcome, judged_by = :run, sha256), ';') as stored from ops.provenance(:t, 2) \gset
select string_agg(format('%s %s %s %s %s %s', source, "position", line, outcome, judged_by = :run, cardinality(reasons)), ';') as refused from ops.provenance(:t, 3) \gset
reset role;
select is(:'stored'::text, 'c1/customers:1 2  stored in shop.customer_event t ', 'where a stored message came from');
select is(:'refused'::text, 'c1/customers:1 3  rejected t 1', 'and a reject');
select is_empty(:'tamper', 'promoted, nothing is found');

-- Replay brings back key, origin and defect; and finds batches by topic and partition.
update staging.reject set origin = 'c0/customers:9:9', payload = 'w' where batch_id = :t and position = 3;
set local role promoter;
select sum(replayed) as dry from (values ('customers:1'), ('c1/customers:1')) v (s), ops.replay('shop.customer', jsonb_build_object('source', s), true) \gset
select sum(replayed) as other from (values ('customers:0'), ('c2/customers:1'), ('')) v (s), ops.replay('shop.customer', jsonb_build_object('source', s), true) \gset
select format('%s %s %s %s', batches, replayed, stored, rejected) as done from ops.replay('shop.customer', '{"source": "customers:1"}', false) \gset
reset role;
select is(:dry, 4, 'both by topic:partition and with the cluster');
select is(:other, 0, 'no other partition, no other cluster, no empty source');
select is(:'done'::text, '1 2 1 1', 'one is stored now, one still a reject');
select is((select format('%s %s %s', defect, convert_from(message_key, 'UTF8'), position) from staging.reject where batch_id = :t), 'tombstone key 1', 'the reject has its defect and key again');
select is((select origin from staging.shop_customer where batch_id = :t and position = 3), 'c0/customers:9:9', 'and the other its origin');
select is(pg_temp.books(:t), '3 = 2 + 1 + 0, promoted', 'the books after it');
select is_empty(:'tamper', 'replayed, nothing is found');

-- What a landing and a claim look up is found by index, however many batches there have been.
select ok(exists (select from pg_indexes where schemaname = 'ops' and indexdef like '%(feed, batch_id) WHERE (state = ''landed''%'), 'landed batches have an index in their order');
select * from finish();
rollback;
