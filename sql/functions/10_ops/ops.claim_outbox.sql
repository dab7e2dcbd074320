create or replace function ops.claim_outbox(p_kind text, p_except text[] default '{}')
returns table (outbox_id bigint, destination text, batch_id bigint, messages bigint, attempts integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    -- Locks the outbox row that is due for longest until the end of the transaction, which is to deliver it; none when
    -- nothing is due that nobody else is delivering. The lock is the whole claim: with a relay that dies it is gone.
    --   p_except   destinations that this relay leaves alone for now
    select o.outbox_id, o.destination, o.batch_id, o.messages, o.attempts
    from ops.outbox o
    where o.kind = p_kind and o.state = 'waiting' and o.next_attempt_at <= clock_timestamp()
        and o.destination <> all (p_except)
    order by o.next_attempt_at, o.outbox_id
    limit 1
    for update skip locked;
$$;
