-- What leaves by the outbox beside dead letters: objects, messages to topics and webhooks; order by key; who is parked, what
-- alerts say, and that no message about messages leads to another.
begin;
\ir ../support.psql
\ir ../32_events/feed.psql
\ir archive.psql
select * from no_plan();
create function pg_temp.claimed(p_carrier text, p_destination text) returns text language plpgsql as $$
declare
    v_said text;
begin
    perform set_config('role', 'relay', true);
    select string_agg(convert_from(t.payload, 'UTF8'), '') into v_said from ops.claim_outbox(p_carrier, p_destination) c, ops.outbox_content(c.outbox_id) t;
    perform set_config('role', 'none', true);
    return coalesce(v_said, 'nothing');
end
$$;
create function pg_temp.post(p_payload text, p_key text default null, p_destination text default 'orders') returns bigint language plpgsql as $$
declare
    v_row bigint;
begin
    perform set_config('role', 'promoter', true);
    v_row := ops.post_message('kafka', p_destination, convert_to(p_payload, 'UTF8'), p_key, '{a,1}', 'text/plain');
    perform set_config('role', 'none', true);
    return v_row;
end
$$;

-- Messages: any order without a key; with one each waits for the one before.
select pg_temp.post('a1', 'a') as a1, pg_temp.post('a2', 'a') as a2, pg_temp.post('b1', 'b') as b1, pg_temp.post('free') as free, pg_temp.post('a1 elsewhere', 'a', 'invoices') as elsewhere \gset
select is(pg_temp.claimed('kafka', 'orders'), 'a1', 'the oldest comes first');
select is((select format('%s %s %s %s', t.payload, t.headers, t.content_type, t.created_at = o.created_at) from ops.outbox o, ops.outbox_content(:a1) t where o.outbox_id = :a1), '\x6131 {a,1} text/plain t', 'with all it has');
select results_eq('select carrier, destination, due from ops.due_destinations() order by 2', $$values ('kafka', 'invoices', 1::bigint), ('kafka', 'orders', 3::bigint)$$, 'two of a key are not due together');
set local role relay;
select parked, seconds from ops.postpone_outbox(:a1, 'no', false) \gset
reset role;
select is(:'parked'::text, 'f', 'refused once');
update ops.outbox set next_attempt_at = 'infinity' where outbox_id = :a1;
select is(pg_temp.claimed('kafka', 'orders'), 'b1', 'its successor waits with it, others do not');
select is(pg_temp.claimed('kafka', 'invoices'), 'a1 elsewhere', 'nor does the same key elsewhere');
set local role relay;
select ops.deliver_outbox(:b1, 1), ops.deliver_outbox(:elsewhere, 1) \g /dev/null
reset role;
select is(pg_temp.claimed('kafka', 'orders'), 'free', 'nor one without a key');
set local role relay;
select ops.deliver_outbox(:free, 1) \g /dev/null
reset role;
select is(pg_temp.claimed('kafka', 'orders'), 'nothing', 'and then nothing is due');
select is((select format('%s %s', due, next_attempt_at) from ops.due_destinations()), '0 infinity', 'until the first may be tried');
select is_empty(format('select * from ops.outbox_message where outbox_id in (%s, %s)', :b1, :free), 'what is delivered is not kept');
select is(pg_temp.state_as('relay', format('select * from ops.outbox_content(%s)', :b1)), 'EM060', 'nor given');

-- Refused until it is parked: held up are those of its key only; an alert says so, once.
set local role relay;
select count(*) filter (where p.parked) as times_parked, count(*) as times from generate_series(1, 19) n, lateral (select parked from ops.postpone_outbox(:a1, 'no ' || n, false)) p \gset
reset role;
select is(format('%s %s', :times_parked, :times), '1 19', 'after outbox.attempts refusals it is');
select is((select format('%s %s %s', attempts, refusals, parked_at is not null) from ops.outbox where outbox_id = :a1), '20 20 t', 'as is booked');
update ops.outbox set next_attempt_at = '-infinity' where outbox_id = :a1;
select is(pg_temp.claimed('kafka', 'orders'), 'nothing', 'a parked row is not tried, nor those of its key after it');
select is_empty('select * from ops.due_destinations()', 'so there is nothing to wake up for');
select results_eq('select kind, subject, message from ops.alerts', format($$values ('outbox.parked', 'kafka:orders', 'outbox row %s to kafka orders is parked: no 19')$$, :a1), 'an alert stands');
select results_eq($$select kind, waiting, parked, messages, attempts, last_error, next_attempt_at is not null, lag_seconds > 0 from ops.outbox_status where destination = 'orders'$$, $$values ('message', 1::bigint, 1::bigint, 2::bigint, 20, 'no 19', true, true)$$, 'the status shows it');
select is(pg_temp.state_as('relay_admin', format('select ops.resume_outbox(%s)', :a2)), 'EM061', 'what is not parked is not resumed');
select is(pg_temp.state_as('relay', 'select ops.resume_outbox()'), '42501', 'nor by the relay');
set local role relay_admin;
select ops.resume_outbox() as resumed \gset
select count(*) as standing from ops.alerts \gset
reset role;
select is(format('%s %s', :resumed, :standing), '1 0', 'resumed, its alert is cleared');
select is(pg_temp.claimed('kafka', 'orders'), 'a1', 'and it is tried again');
set local role relay;
select parked from ops.postpone_outbox(:a1, 'no', false) \gset
select ops.deliver_outbox(:a1, 1) \g /dev/null
reset role;
select is(:'parked'::text, 'f', 'as often as a new one');
select is(pg_temp.claimed('kafka', 'orders'), 'a2', 'then the next of its key comes');

-- Away: never parked, tried within five seconds, an alert after a while, cleared by an answer.
set local role relay;
select bool_or(parked) as ever_parked, max(seconds) <= 5 as soon from generate_series(1, 200) n, lateral ops.postpone_outbox(:a2, 'no answer' || repeat(' ', n), true) p \gset
reset role;
select is(format('%s %s', :'ever_parked', :'soon'), 'f t', '200 attempts while it is away');
select is_empty('select * from ops.alerts', 'are no alert at once');
update ops.outage set since = since - interval '10 minutes';
set local role relay;
select seconds as ignored from ops.postpone_outbox(:a2, 'no answer', true) \gset
select seconds as ignored from ops.postpone_outbox(:a2, 'no answer', true) \gset
reset role;
select results_eq('select kind, subject, message from ops.alerts', $$values ('destination.away', 'kafka:orders', 'kafka orders is away: no answer')$$, 'one after outbox.alert_after');
set local role relay;
select parked from ops.postpone_outbox(:a2, 'no', false) \gset
reset role;
select is_empty('select * from ops.alerts', 'an answer clears it, also one that refuses');
select is_empty('select * from ops.outage', 'and ends the outage');
select is((select format('%s %s', attempts, refusals) from ops.outbox where outbox_id = :a2), '203 1', 'only refusals count');

-- What may not be posted.
select is(pg_temp.state_as('relay_admin', q), want, q) from (values
    ($$select ops.post_message('kafka', 'a b', 'x')$$, 'EM062'), ($$select ops.post_message('kafka', '', 'x')$$, 'EM062'), ($$select ops.post_message('kafka', null, 'x')$$, 'EM062'), ($$select ops.post_message('object_store', 'archive', 'x')$$, 'EM062'),
    ($$select ops.post_message(null, 'a', 'x')$$, 'EM062'), ($$select ops.post_message('kafka', 'a', null)$$, 'EM062'), ($$select ops.post_message('kafka', 'a', convert_to(repeat('x', 1048577), 'UTF8'))$$, 'EM062'),
    ($$select ops.post_message('kafka', 'a', 'x', '')$$, 'EM062'), ($$select ops.post_message('kafka', 'a', 'x', 'k', '{a}')$$, 'EM062'), ($$select ops.post_message('kafka', 'a', 'x', 'k', '{}', e'a\nb')$$, 'EM062'),
    ($$select ops.post_message('webhook', 'nobody', 'x')$$, 'EM063'), ($$select ops.post_message('kafka', 'a', convert_to(repeat('x', 1048576), 'UTF8'), 'k')$$, '00000')) v (q, want);
select is(pg_temp.state_as(role, $$select ops.post_message('kafka', 'a', 'x')$$), '42501', role || ' posts nothing') from unnest('{relay,loader,analytics}'::text[]) role;
delete from ops.outbox where state = 'waiting';

-- Webhooks: what they are told.
select is(pg_temp.state_as('relay_admin', q), want, q) from (values
    ($$select ops.add_webhook('audit', 'https://example.org/hook?t=1', '{alert.raised,alert.cleared,batch.rejected,object.delivered,message,message}')$$, '00000'), ($$select ops.add_webhook('other', 'http://127.0.0.1:1/', '{alert.raised,alert.cleared}')$$, '00000'),
    ($$select ops.add_webhook('quiet', 'https://example.org/q', '{message}')$$, '00000'), ($$select ops.add_webhook('Bad', 'https://example.org/', '{message}')$$, 'EM064'), ($$select ops.add_webhook('bad', 'ftp://example.org/', '{message}')$$, 'EM064'),
    ($$select ops.add_webhook('bad', 'https://user:pw@example.org/', '{message}')$$, 'EM064'), ($$select ops.add_webhook('bad', 'https://example.org/', '{}')$$, 'EM064'), ($$select ops.add_webhook('bad', 'https://example.org/', '{nothing}')$$, 'EM064'),
    ($$select ops.add_webhook('bad', null, '{message}')$$, 'EM064'), ($$select ops.remove_webhook('bad')$$, 'EM063'), ($$select ops.post_message('webhook', 'other', 'x')$$, 'EM063'), ($$select ops.post_message('webhook', 'quiet', '"to quiet"')$$, '00000')) v (q, want);
select is(pg_temp.state_as('relay', q), want, q) from (values ($$select ops.webhook_url('audit')$$, '00000'), ($$select url from ops.webhook$$, '42501'), ($$select ops.add_webhook('x', 'https://example.org', '{message}')$$, '42501')) v (q, want);
select is(url, want, 'the URL of ' || w) from (values ('audit', 'https://example.org/hook?t=1'), ('bad', null)) v (w, want), lateral ops.webhook_url(w) url;
select results_eq($$select webhook, kinds from ops.webhooks() where webhook <> 'other'$$, $$values ('audit', '{alert.cleared,alert.raised,batch.rejected,message,object.delivered}'::text[]), ('quiet', '{message}')$$, 'they are there');
select is(pg_temp.claimed('webhook', 'quiet'), '"to quiet"', 'what is posted by name');
create function pg_temp.told(p_webhook text) returns setof text language sql as $$
    select format('%s %s%s', j ->> 'kind', j ->> 'subject', case when j ? 'alert' then ': ' || (j ->> 'alert') else '' end)
    from ops.outbox o join ops.outbox_message m using (outbox_id), lateral (select convert_from(m.payload, 'UTF8')::jsonb as j) t
    where o.carrier = 'webhook' and o.destination = p_webhook and o.state = 'waiting' and j ? 'at' order by outbox_id
$$;
select pg_temp.land(array[pg_temp.event(), '{}']) as a \gset
select count(*) from pg_temp.promote_events() \g /dev/null
select results_eq($$select * from pg_temp.told('audit')$$, array['batch.rejected events.raw'], 'a batch with rejects');
select is((select convert_from(payload, 'UTF8')::jsonb - 'at' from ops.outbox join ops.outbox_message using (outbox_id) where destination = 'audit'), jsonb_build_object('kind', 'batch.rejected', 'subject', 'events.raw', 'batch', :a, 'run', (select promoted_run from ops.batch where batch_id = :a), 'stored', 1, 'rejected', 1, 'duplicate', 0), 'in numbers');
select is_empty($$select pg_temp.told(w) from unnest('{other,quiet}'::text[]) w$$, 'others do not hear of it');
select pg_temp.seal(true) \g /dev/null
select pg_temp.deliver() \g /dev/null
select results_eq($$select t from pg_temp.told('audit') t offset 1$$, 'select ''object.delivered '' || object_key from ops.archive_object order by delivered_at', 'objects');
delete from ops.outbox where state = 'waiting';

-- No loops: an alert about a webhook goes to the others, one each time it is raised, whatever becomes of those.
set local role relay_admin;
select ops.post_message('webhook', 'audit', '1') as row \gset
reset role;
set local role relay;
select ops.park_outbox(:row, 'gone', 'outbox.parked') \g /dev/null
reset role;
select results_eq($$select format('%s: %s', w, t) from unnest('{audit,other,quiet}'::text[]) w, pg_temp.told(w) t$$, array['other: alert.raised webhook:audit: outbox.parked'], 'not to the one it is about');
select outbox_id as told from ops.outbox where destination = 'other' and state = 'waiting' \gset
set local role relay;
select ops.park_outbox(:told, 'gone, too', 'outbox.parked') \g /dev/null
reset role;
select results_eq($$select format('%s: %s', w, t) from unnest('{audit,other,quiet}'::text[]) w, pg_temp.told(w) t$$, array['audit: alert.raised webhook:other: outbox.parked', 'other: alert.raised webhook:audit: outbox.parked'], 'to the first about the second');
select outbox_id as again from ops.outbox where destination = 'audit' and parked_at is null and state = 'waiting' \gset
set local role relay;
select ops.park_outbox(:again, 'gone still', 'outbox.parked') \g /dev/null
reset role;
select is(count(*), 3::bigint, 'and there it ends') from ops.outbox where carrier = 'webhook' and state = 'waiting';
select results_eq('select subject from ops.alerts order by 1', array['webhook:audit', 'webhook:other'], 'two alerts stand');
-- Removed: what waits is put aside, and goes once a webhook of the name is there.
set local role relay_admin;
select ops.post_message('webhook', 'quiet', '"later"') as later \gset
select ops.remove_webhook('quiet') \g /dev/null
reset role;
select is((select format('%s %s', parked_at is not null, last_error) from ops.outbox where outbox_id = :later), 't the webhook was removed', 'what waited for it is parked');
select is(count(*), 1::bigint, 'and still shown') from ops.outbox_status where destination = 'quiet' and parked = 1;
set local role relay_admin;
select ops.add_webhook('quiet', 'https://example.org/2', '{message}') \g /dev/null
select ops.resume_outbox(:later) \g /dev/null
reset role;
select is(pg_temp.claimed('webhook', 'quiet'), '"later"', 'it goes to the next of that name');

-- Objects: delivered by their own function; another one under the key is an alert.
select pg_temp.land(array[pg_temp.event()]) as b \gset
select count(*) from pg_temp.promote_events() \g /dev/null
select pg_temp.seal(true) \g /dev/null
select outbox_id as row, object_id as object, object_key as key from ops.outbox join ops.archive_object using (object_id) where state = 'waiting' \gset
select pg_temp.set_to('outbox.alert_after', '0 seconds');
set local role relay;
select seconds from ops.postpone_outbox(:row, 'gone', true) \g /dev/null
reset role;
select is(count(*), 1::bigint, 'a store that is away is an alert') from ops.alerts where kind = 'destination.away' and subject = 'object_store:archive';
select is(pg_temp.state_as('relay', format(q, :row)), want, q) from (values ('select ops.deliver_outbox(%s, 1)', 'EM060'), ('select ops.deliver_object(-%s, 1, sha256(''a''), 1, sha256(''a''), null)', 'EM060'), ('select ops.park_outbox(%s, ''x'', ''destination.away'')', 'EM062'),
    ('select ops.park_outbox(-%s, ''x'', ''outbox.parked'')', 'EM060'), ('select ops.deliver_object(%s, 1, ''short'', 1, sha256(''a''), null)', '23514'), ('select ops.deliver_object(%s, 0, sha256(''a''), 1, sha256(''a''), null)', '23514'), ('select ops.park_outbox(%s, ''differs'', ''object.differs'')', '00000')) v (q, want);
select results_eq($$select kind, subject from ops.alerts where kind = 'object.differs'$$, format('values (''object.differs'', %L)', :'key'), 'an object that differs is an alert of its own, by its key');
select is(count(*), 0::bigint, 'the store has answered: it is away no more') from ops.alerts where kind = 'destination.away' and subject = 'object_store:archive';
select is(pg_temp.deliver(), 0::bigint, 'and not tried again');
select is((select delivered_at from ops.archive_object where object_id = :object), null, 'nor booked');
set local role relay_admin;
select ops.resume_outbox(:row) \g /dev/null
reset role;
select is(pg_temp.deliver(), 1::bigint, 'until a person resumes it');
select is_empty($$select * from ops.alerts where kind = 'object.differs'$$, 'who has seen the alert');
select is(pg_temp.state_as('relay', format('select ops.deliver_object(%s, 1, sha256(''a''), 1, sha256(''a''), null)', :row)), 'EM060', 'delivered once');
select is((select array[bytes = content_bytes, sha256 = content_sha256, version_id = 'v1'] from ops.archive_object where object_id = :object), '{t,t,t}', 'with digests, sizes and version');

-- The archive is in the status with what is in no object yet.
select pg_temp.land(array[pg_temp.event(), pg_temp.event(), '{}']) as c \gset
select count(*) from pg_temp.promote_events() \g /dev/null
select results_eq($$select carrier, kind, waiting, messages, pending, lag_seconds > 0 from ops.outbox_status where destination = 'archive'$$, $$values ('object_store', 'object', 0::bigint, 0::bigint, 3::bigint, true)$$, 'pending');
select pg_temp.seal(true) \g /dev/null
select results_eq($$select waiting, messages, pending, lag_seconds > 0 from ops.outbox_status where destination = 'archive'$$, $$values (2::bigint, 3::bigint, 0::bigint, true)$$, 'sealed');
select pg_temp.deliver() \g /dev/null
select results_eq($$select waiting, messages, pending, lag_seconds > 0 from ops.outbox_status where destination = 'archive'$$, $$values (0::bigint, 0::bigint, 0::bigint, false)$$, 'delivered');
select is(pg_temp.state_as(role, q), '00000', role || ': ' || q) from unnest('{relay,relay_admin,promoter}'::text[]) role, unnest(array['select * from ops.outbox_status', 'select * from ops.alerts']) q;
select is(pg_temp.state_as('relay_admin', q), '42501', 'relay_admin: ' || q) from unnest(array['select * from ops.outbox_message', 'select * from public.events', 'select * from ops.archive_kept', 'select * from ops.outbox_content(1)', 'delete from ops.webhook', 'update ops.outbox set parked_at = null', 'select ops.seal_archive()']) q;
select * from finish();
rollback;
