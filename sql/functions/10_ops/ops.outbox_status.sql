-- What waits to leave the database, by destination; each dead-letter topic, the archive and each webhook has a row, also when
-- nothing waits.
create or replace view ops.outbox_status with (security_invoker = true) as
with waiting as (
    select o.carrier, o.destination, o.kind, count(*) filter (where o.parked_at is null) as waiting, count(o.parked_at) as parked,
        sum(o.messages)::bigint as messages, min(o.created_at) as oldest,
        min(o.next_attempt_at) filter (where o.parked_at is null) as next_attempt_at, max(o.attempts) as attempts,
        (array_agg(o.last_error order by o.next_attempt_at desc) filter (where o.last_error is not null))[1] as last_error
    from ops.outbox o
    where o.state = 'waiting'
    group by o.carrier, o.destination, o.kind
), unsealed as (
    select 'object_store' as carrier, 'archive' as destination, 'object' as kind, coalesce(sum(p.records), 0)::bigint as pending,
        min(p.posted_at) as oldest
    from ops.archive_pending p
), known as (
    select 'kafka' as carrier, f.dead_letter_topic as destination, 'dead_letter' as kind
    from ops.feed f where f.dead_letter_topic is not null
    union
    select u.carrier, u.destination, u.kind from unsealed u
    union
    select 'webhook', h.webhook, 'message' from ops.webhook h
    union
    select w.carrier, w.destination, w.kind from waiting w
)
select k.carrier, k.destination, k.kind, coalesce(w.waiting, 0) as waiting, coalesce(w.parked, 0) as parked,
    coalesce(w.messages, 0) as messages, least(w.oldest, u.oldest) as oldest,
    coalesce(extract(epoch from clock_timestamp() - least(w.oldest, u.oldest)), 0)::double precision as lag_seconds,
    w.next_attempt_at, coalesce(w.attempts, 0) as attempts, w.last_error, coalesce(u.pending, 0) as pending
from known k
left join waiting w using (carrier, destination, kind)
left join unsealed u using (carrier, destination, kind);

comment on view ops.outbox_status is 'rows and messages that wait for a relay, since when, until when, and why the last attempt failed';
comment on column ops.outbox_status.waiting is 'rows that will be tried; parked: those that a person must resume';
comment on column ops.outbox_status.messages is 'that all of them have: messages, or lines of objects';
comment on column ops.outbox_status.lag_seconds is 'the age of the oldest, 0 when there is none';
comment on column ops.outbox_status.pending is 'records of the archive that are in no object yet';
