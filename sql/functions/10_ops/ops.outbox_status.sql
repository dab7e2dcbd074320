-- What waits to leave the database, by destination; each dead-letter topic has a row, also when nothing waits.
create or replace view ops.outbox_status with (security_invoker = true) as
with waiting as (
    select o.kind, o.destination, count(*) as waiting, sum(o.messages) as messages, min(o.created_at) as oldest,
        min(o.next_attempt_at) as next_attempt_at, max(o.attempts) as attempts,
        (array_agg(o.last_error order by o.next_attempt_at desc) filter (where o.last_error is not null))[1] as last_error
    from ops.outbox o
    where o.state = 'waiting'
    group by o.kind, o.destination
), known as (
    select 'dead_letter' as kind, f.dead_letter_topic as destination from ops.feed f where f.dead_letter_topic is not null
    union
    select w.kind, w.destination from waiting w
)
select k.kind, k.destination, coalesce(w.waiting, 0) as waiting, coalesce(w.messages, 0) as messages, w.oldest,
    w.next_attempt_at, coalesce(w.attempts, 0) as attempts, w.last_error
from known k
left join waiting w using (kind, destination);

comment on view ops.outbox_status is 'rows and messages that wait for a relay, since when, until when, and why the last attempt failed';
