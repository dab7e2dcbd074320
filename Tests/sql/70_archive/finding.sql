-- What the archive holds is told by the books: where a record is, what is missing, what is twice.
begin;
\ir ../support.psql
\ir ../32_events/feed.psql
\ir archive.psql
select * from no_plan();
create function pg_temp.found(p_correlation uuid) returns setof text language plpgsql as $$
begin
    perform set_config('role', 'privacy', true);
    return query select format('%s %s', left(object_key, 6), coalesce(line_number::text, '?')) from ops.archive_find(p_correlation);
    perform set_config('role', 'none', true);
end
$$;
select pg_temp.set_to('events.window_past', '1 day');
select pg_temp.land(array[pg_temp.event(), pg_temp.old_event(), '{}', pg_temp.event(), pg_temp.old_event()]) as a \gset
select pg_temp.land(array[pg_temp.event(), pg_temp.event(), '{}']) as b \gset
select count(*) from pg_temp.promote_events() \g /dev/null
create function pg_temp.id(p_batch bigint, p_place bigint) returns uuid language sql as $$
    select coalesce((select correlation_id from public.events e where e.batch_id = p_batch and e.position = k.from_offset + p_place - 1),
        (select events.key_correlation_id(message_key) from staging.reject r where r.batch_id = p_batch and r.position = k.from_offset + p_place - 1))
    from ops.kafka_batch k where k.batch_id = p_batch
$$;
select is_empty('select * from ops.archive_balance()', 'what is pending is accounted for');
select is_empty('select pg_temp.found(pg_temp.id(' || :a || ', 1))', 'and in no object');
select pg_temp.seal(true) \g /dev/null
select is_empty('select * from ops.archive_balance()', 'what is sealed is');
select is(array(select pg_temp.found(pg_temp.id(batch, place))), want, format('event %s of batch %s', place, n))
from (values ('a', :a::bigint, 1, '{"events 1"}'::text[]), ('a', :a, 4, '{"events 2"}'), ('b', :b, 1, '{"events 3"}'), ('b', :b, 2, '{"events 4"}'), ('a', :a, 2, '{"dead-l 1"}'), ('a', :a, 3, '{"dead-l 2"}'), ('a', :a, 5, '{"dead-l 3"}'), ('b', :b, 3, '{"dead-l 4"}')) v (n, batch, place, want);
select is((select convert_from(l.line, 'UTF8')::jsonb #>> '{metadata,correlationId}' from ops.archive_find(pg_temp.id(:b, 2)) f, ops.archive_lines(f.object_id) with ordinality l (line, place) where l.place = f.line_number), pg_temp.id(:b, 2)::text, 'that line is the event');
select is((select convert_from(l.line, 'UTF8')::jsonb ->> 'correlationId' from ops.archive_find(pg_temp.id(:b, 3)) f, ops.archive_lines(f.object_id) with ordinality l (line, place) where l.place = f.line_number), pg_temp.id(:b, 3)::text, 'or the dead letter');
select pg_temp.deliver() \g /dev/null

-- Replayed: it is where it was refused, and where it is stored.
select pg_temp.id(:a, 2) as moved \gset
select pg_temp.set_to('events.window_past', '100 days');
set local role promoter;
select stored from ops.replay('events.raw', jsonb_build_object('code', 'timestamp_too_old'), false) \g /dev/null
reset role;
select is_empty('select * from ops.archive_balance()', 'a replay is accounted for');
select pg_temp.seal(true) \g /dev/null
select results_eq(format('select pg_temp.found(%L)', :'moved'), array['dead-l ?', 'events 1'], 'a replayed event is found in both objects');
select is(array(select pg_temp.found(pg_temp.id(:a, 3))), '{"dead-l ?"}', 'where lines before have gone, its line is not known');
select is(array(select format('%s %s', object_id, line_number) from ops.archive_of('dead_letter', :a, (select from_offset + 2 from ops.kafka_batch where batch_id = :a))), array[(select format('%s ', object_id) from ops.archive_piece join ops.archive_object using (object_id) where kind = 'dead_letter' and batch_id = :a)], 'by batch and position it is the same');

-- Erased: the books go on naming the object.
select pg_temp.id(:b, 1) as erased \gset
delete from public.events where correlation_id = :'erased';
select results_eq(format('select pg_temp.found(%L)', :'erased'), array['events ?'], 'an event that was erased is still found in its object, by the ledger');
select is_empty('select * from ops.archive_balance()', 'and nothing is missing from the archive');

-- Faults, one by one.
create function pg_temp.broken(p_sql text) returns text language plpgsql as $$
declare
    v_said text;
begin
    begin
        execute p_sql;
        perform set_config('role', 'relay_admin', true);
        select coalesce(string_agg(format('%s %s %s %s', kind, booked, archived, pending), ', '), 'nothing') into v_said from ops.archive_balance();
        raise exception 'taken back';
    exception when raise_exception then
        null;
    end;
    return v_said;
end
$$;
select is(pg_temp.broken(q), want, q) from (values
    (format('update ops.archive_piece set records = records - 1 where batch_id = %s and object_id in (select object_id from ops.archive_object where kind = ''event'')', :b), 'event 2 1 0'),
    (format('update ops.archive_piece set records = records + 1 where batch_id = %s and object_id in (select object_id from ops.archive_object where kind = ''event'')', :b), 'event 2 3 0'),
    (format('delete from ops.archive_piece where batch_id = %s', :b), 'dead_letter 1 0 0, event 2 0 0'),
    (format('update ops.archive_piece set last_position = last_position - 1, first_position = first_position - 1 where batch_id = %s and object_id in (select object_id from ops.archive_object where kind = ''dead_letter'')', :b), 'dead_letter 1 1 0'),
    (format('insert into ops.archive_pending (kind, batch_id, run_id, feed, day, records) values (''event'', %s, 1, ''events.raw'', now(), 1)', :b), 'event 2 2 1'),
    (format('update ops.batch set expired = 1 where batch_id = %s', :b), 'nothing'),
    (format('update ops.batch set expired = 1 where batch_id = %s; update ops.archive_piece set records = records - 1 where batch_id = %1$s and object_id in (select object_id from ops.archive_object where kind = ''event'')', :b), 'nothing')) as v (q, want);
select is(pg_temp.state_as(role, q), '42501', format('%s: %s', role, q)) from unnest('{relay,promoter,loader,analytics}'::text[]) role, unnest(array['select * from ops.archive_balance()', 'select * from ops.archive_find(gen_random_uuid())', 'select * from ops.archive_of(''event'', 1, 1)']) q;
select is(pg_temp.state_as(role, q), '00000', format('%s: %s', role, q)) from unnest('{relay_admin,privacy}'::text[]) role, unnest(array['select * from ops.archive_find(gen_random_uuid())', 'select * from ops.archive_of(''event'', 1, 1)', 'select * from ops.archive_object, ops.archive_piece']) q;
select is(pg_temp.state_as('privacy', q), '00000', 'privacy: ' || q) from unnest(array['select * from ops.archive_kept', 'select * from ops.outbox_message', 'select event from events.enriched']) q;
select * from finish();
rollback;
