create or replace function ops.claim_outbox(p_carrier text, p_destination text)
returns table (
    outbox_id bigint, kind text, batch_id bigint, object_id bigint, messages bigint, attempts integer, message_key text
)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    -- Locks the outbox row of a destination that is due for longest until the end of the transaction, which is to deliver it;
    -- none when nothing is due that nobody else is delivering. The lock is the whole claim: with a relay that dies it is gone.
    -- A row with a key waits while an earlier one of its destination and key does, also when that is parked.
    select o.outbox_id, o.kind, o.batch_id, o.object_id, o.messages, o.attempts, o.message_key
    from ops.outbox o
    where o.carrier = p_carrier and o.destination = p_destination and o.state = 'waiting' and o.parked_at is null
        and o.next_attempt_at <= clock_timestamp() and (o.message_key is null or not exists (
            select from ops.outbox e
            where e.state = 'waiting' and e.carrier = o.carrier and e.destination = o.destination and e.message_key = o.message_key
                and e.outbox_id < o.outbox_id))
    order by o.next_attempt_at, o.outbox_id
    limit 1
    for update skip locked;
$$;
