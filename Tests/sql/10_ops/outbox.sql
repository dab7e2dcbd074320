-- What leaves the database: posted with its cause, claimed by lock, sent with the original bytes, booked once.
begin;
\ir ../support.psql
select * from no_plan();

insert into ops.kafka_cluster (cluster_id) values ('c1');
insert into ops.kafka_position (feed, cluster_id, partition, first_offset, next_offset, high_offset) values ('shop.customer', 'c1', 2, 0, 1000, 1000);
select ops.ensure_partition('staging.reject', current_date);
create sequence pg_temp.base;

-- A batch of customers as its promote leaves it: p_rejects gives for each offset disposition, origin, key, value, defect.
create function pg_temp.settled(p_rejects jsonb, p_feed text default 'shop.customer') returns bigint language plpgsql as $$
declare
    v_batch bigint := nextval('ops.batch_id_seq');
    v_run bigint := ops.start_run('test', p_feed, '{}');
    v_rejected bigint := (select count(*) from jsonb_array_elements(p_rejects) r where coalesce(r ->> 'as', 'rejected') = 'rejected');
    v_base bigint := 100 * nextval('pg_temp.base');
begin
    insert into ops.batch (batch_id, feed, slot, received_on, received_at, run_id, received)
    values (v_batch, p_feed, 0, current_date, '2026-05-01 10:00:00.5Z', v_run, jsonb_array_length(p_rejects) + 1);
    if p_feed = 'shop.customer' then
        insert into ops.kafka_batch values (v_batch, p_feed, 'c1', 2, v_base, v_base + 50);
    end if;
    insert into staging.reject (received_on, batch_id, position, run_id, disposition, severity, defect, codes, reasons, payload, message_key, origin)
    select current_date, v_batch, v_base + r.place, v_run, coalesce(r.o ->> 'as', 'rejected')::staging.disposition, 'error', r.o ->> 'defect',
        '{first_rule,second_rule}', '{"The first.","The second, ünï."}', coalesce(decode(r.o ->> 'value', 'hex'), ''),
        decode(r.o ->> 'key', 'hex'), r.o ->> 'origin'
    from jsonb_array_elements(p_rejects) with ordinality as r (o, place);
    perform ops.settle_batch((v_batch, jsonb_array_length(p_rejects) + 1, 1, v_rejected, jsonb_array_length(p_rejects) - v_rejected)::ops.promotion, v_run);
    return v_batch;
end
$$;
create function pg_temp.posted(p_batch bigint) returns text language sql as $$
    select format('%s %s %s %s', kind, destination, messages, state) from ops.outbox where batch_id = p_batch and kind = 'dead_letter'
$$;

-- A header's value.
create function pg_temp.header(p_headers text[], p_name text) returns text language sql as $$ select p_headers[array_position(p_headers, p_name) + 1] $$;
grant execute on function pg_temp.header(text[], text) to public;

-- Posting.
select pg_temp.settled('[{"value":"00ff","key":"0100"},{"value":"aa","as":"duplicate"},{"value":"bb","origin":"c0/customers:0:7"},{"defect":"tombstone","key":"02"},{"value":""},{"value":"e280","key":""}]') as mixed \gset
select is(pg_temp.posted(:mixed), 'dead_letter customers.dead.letter 4 waiting', 'rejects are posted, without duplicates and without what came back in');
select is(pg_temp.posted(pg_temp.settled('[{"value":"aa","as":"duplicate"}]')), null, 'a batch of duplicates is not posted');
select is(pg_temp.posted(pg_temp.settled('[{"value":"aa","origin":"c0/customers:0:8"}]')), null, 'nor one of returned dead letters');
select is(pg_temp.posted(pg_temp.settled('[]')), null, 'nor a clean one');
select is(pg_temp.posted(pg_temp.settled('[{"value":"aa"}]', 'membership.application')), null, 'nor one of a feed without a dead-letter topic');
select is(count(*), 1::bigint, 'one row so far') from ops.outbox;
select is(pg_temp.state_as('none', 'insert into ops.outbox (kind, carrier, destination, messages) values (''dead_letter'', ''kafka'', ''x'', 1)'), '23514', 'dead letters have a batch');
select is(pg_temp.state_as('none', 'update ops.feed set dead_letter_topic = topic where topic is not null'), '23514', 'the dead-letter topic is not the feed''s own');
select is(pg_temp.state_as('none', 'update ops.feed set dead_letter_topic = ''x'' where topic is null'), '23514', 'and needs a feed from Kafka');

-- Messages, as the relay reads them.
set local role relay;
select outbox_id as row, batch_id as claimed from ops.claim_outbox('kafka', 'customers.dead.letter') \gset
reset role;
select is(:claimed::bigint, :mixed::bigint, 'the relay claims it');
select outbox_id as same, 100 * last_value as b from ops.claim_outbox('kafka', 'customers.dead.letter'), pg_temp.base \gset
set local role relay;
create temp table sent as select *, pg_temp.header(headers, 'error') as error from ops.dead_letters(:row, -1, 1000, 1000000);
reset role;
select bag_eq(format($$select position - %s, message_key, value from sent$$, (select from_offset from ops.kafka_batch where batch_id = :mixed)),
    $$values (1::bigint, '\x0100'::bytea, '\x00ff'::bytea), (4, '\x02', null), (5, null, ''), (6, '', '\xe280')$$,
    'keys and values byte for byte; a tombstone stays one, an empty value too');
select is((select array_to_string(headers, '|') from sent order by position limit 1),
    format('error|The first.; The second, ünï.|rule|first_rule,second_rule|source.topic|customers|source.partition|2|source.offset|%s|origin|c1/customers:2:%1$s|batch|%s|feed|shop.customer|received_at|2026-05-01T10:00:00.500000Z',
        (select from_offset + 1 from ops.kafka_batch where batch_id = :mixed), :mixed), 'headers tell why and where from');

-- In pieces: by rows, by bytes, and a piece has one message at least.
create function pg_temp.pieces(p_rows integer, p_bytes bigint) returns text language plpgsql as $$
declare
    v_sizes text[];
    v_after bigint := -1;
    v_all bigint[] := '{}';
    v_piece bigint[];
begin
    loop
        select array_agg(position order by position) into v_piece
        from ops.dead_letters((select outbox_id from ops.outbox where batch_id = current_setting('test.batch')::bigint), v_after, p_rows, p_bytes);
        exit when v_piece is null;
        v_all := v_all || v_piece;
        v_sizes := v_sizes || cardinality(v_piece)::text;
        v_after := v_piece[cardinality(v_piece)];
    end loop;
    return array_to_string(v_sizes, ',') || case when v_all = (select array_agg(position order by position) from sent) then '' else ' apart' end;
end
$$;
select set_config('test.batch', :'mixed', true);
select is(pg_temp.pieces(r, b), want, format('pieces of %s rows, %s bytes', r, b))
from (values (1000, 1000000, '4'), (3, 1000000, '3,1'), (1, 1000000, '1,1,1,1'), (1000, 1, '1,1,2'), (1000, 5, '2,2')) as t (r, b, want);

-- Failure, back-off, delivery.
set local role relay;
select seconds between 0.4 and 1 as later from ops.postpone_outbox(:row, repeat('x', 600), false) seconds \gset
select count(*) as due from ops.claim_outbox('kafka', 'customers.dead.letter') \gset
reset role;
select ok(:'later', 'a failed row comes later');
select is(:due, 0, 'and is not due before');
select is((select format('%s %s %s', attempts, length(last_error), state) from ops.outbox where outbox_id = :row), '1 500 waiting', 'with its error, cut');
select is((select format('%s %s %s %s %s', kind, waiting, messages, attempts, left(last_error, 1)) from ops.outbox_status where destination = 'customers.dead.letter'),
    'dead_letter 1 4 1 x', 'the status says so');
update ops.outbox set attempts = 1000, next_attempt_at = '-infinity' where outbox_id = :row;
select ok(seconds between 149 and 300, 'never later than five minutes') from ops.postpone_outbox(:row, 'x', false) seconds;
select ok(seconds between 2.4 and 5, 'nor than five seconds when the brokers are away') from ops.postpone_outbox(:row, 'x', true) seconds;
select ok((select next_attempt_at - clock_timestamp() from ops.outbox where outbox_id = :row) between interval '0' and interval '5 s', 'as is booked');
update ops.outbox set next_attempt_at = clock_timestamp() where outbox_id = :row;
set local role relay;
select count(*) as other_carrier from ops.claim_outbox('webhook', 'customers.dead.letter') \gset
select count(*) as other_destination from ops.claim_outbox('kafka', 'events.dead.letter') \gset
select count(*) as claimed_again from ops.claim_outbox('kafka', 'customers.dead.letter') \gset
select ops.deliver_outbox(:row, 4);
select count(*) as after_all from ops.claim_outbox('kafka', 'customers.dead.letter') \gset
reset role;
select is(format('%s %s %s %s', :other_carrier, :other_destination, :claimed_again, :after_all), '0 0 1 0', 'claims are by carrier and destination, and leave out what is delivered');
select is((select format('%s %s %s', state, delivered, delivered_at is not null) from ops.outbox where outbox_id = :row), 'delivered 4 t', 'it is booked');
select is(pg_temp.state_as('relay', format(q, :row)), 'EM060', q)
from (values ('select ops.deliver_outbox(%s, 4)'), ('select ops.postpone_outbox(%s, ''x'', true)'), ('select * from ops.dead_letters(%s, -1, 1, 1)'),
    ('select * from ops.dead_letters(-%s, -1, 1, 1)')) as t (q);
select is((select format('%s %s %s', waiting, messages, oldest) from ops.outbox_status where destination = 'customers.dead.letter'), '0 0 ', 'nothing waits');

-- A replay: what is rejected again was sent; what was never posted is.
create function pg_temp.judged_again(p_batch bigint) returns text language plpgsql as $$
begin
    update ops.batch set rejected = rejected - 1, state = 'landed' where batch_id = p_batch;
    perform ops.settle_batch((p_batch, 1, 0, 1, 0)::ops.promotion, ops.start_run('replay', 'shop.customer', '{}'));
    return pg_temp.posted(p_batch);
end
$$;
select is(pg_temp.judged_again(:mixed), 'dead_letter customers.dead.letter 4 delivered', 'a delivered batch is not posted again');
select pg_temp.settled('[{"value":"01"}]') as waits \gset
select is(pg_temp.judged_again(:waits), 'dead_letter customers.dead.letter 1 waiting', 'one that waits goes on waiting, once');

-- In the order of their next attempts.
select pg_temp.settled('[{"value":"02"}]') as second \gset
select is((select batch_id from ops.claim_outbox('kafka', 'customers.dead.letter')), :waits::bigint, 'the one due for longest comes first');
update ops.outbox set next_attempt_at = next_attempt_at + interval '1 microsecond' + (select max(next_attempt_at) - min(next_attempt_at) from ops.outbox where state = 'waiting') where batch_id = :waits;
select is((select batch_id from ops.claim_outbox('kafka', 'customers.dead.letter')), :second::bigint, 'a failed one lets the others pass');

-- A file's records of a feed from Kafka have no offset to name.
select pg_temp.settled('[{"value":"03"}]') as filed \gset
delete from ops.kafka_batch where batch_id = :filed;
select is((select format('%s|%s|%s', pg_temp.header(headers, 'source.topic'), pg_temp.header(headers, 'source.offset'), pg_temp.header(headers, 'origin')) from ops.outbox o, ops.dead_letters(o.outbox_id, -1, 10, 100) where o.batch_id = :filed),
    (select format('||shop.customer:%s:%s', batch_id, position) from staging.reject where batch_id = :filed), 'its origin is feed, batch and position');

-- The relay's rights end there.
select is(pg_temp.state_as(role, q), '42501', format('%s: %s', role, q))
from (values ('relay', 'select * from staging.reject'), ('relay', 'select * from staging.shop_customer'), ('relay', 'select * from ops.batch'),
    ('relay', 'update ops.outbox set state = ''waiting'', delivered = null, delivered_at = null'), ('relay', 'delete from ops.outbox'),
    ('relay', 'insert into ops.outbox (kind, carrier, destination, batch_id, messages) values (''dead_letter'', ''kafka'', ''x'', 1, 1)'), ('relay', 'select * from ops.outbox for update'),
    ('relay', 'select ops.outbox_dead_letters(1)'), ('relay', 'select * from shop.customers'), ('relay', 'select ops.replay(''shop.customer'')'),
    ('promoter', 'select * from ops.claim_outbox(''kafka'', ''customers.dead.letter'')'), ('promoter', 'select * from ops.dead_letters(1, 1, 1, 1)'), ('promoter', 'delete from ops.outbox'),
    ('loader', 'select * from ops.outbox'), ('loader', 'select * from ops.outbox_status'), ('loader', 'select * from ops.dead_letters(1, 1, 1, 1)')) as t (role, q);
select is(pg_temp.state_as(role, 'select * from ops.outbox_status'), '00000', role || ' reads the status') from unnest('{relay,promoter}'::text[]) role;

select * from finish();
rollback;
