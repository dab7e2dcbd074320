create or replace function ops.due_destinations()
returns table (carrier text, destination text, due bigint, next_attempt_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- Destinations with rows that will be tried: how many may be claimed now, counted to 1000, and when the next one may.
    -- Rows that are parked, or that wait for one of their key, are left out. Steps over the index from destination to
    -- destination, so that a long queue at one costs nothing.
    with recursive known as (
        (select o.carrier, o.destination from ops.outbox o where o.state = 'waiting' order by 1, 2 limit 1)
        union all
        select n.carrier, n.destination
        from known k
        cross join lateral (
            select o.carrier, o.destination from ops.outbox o
            where o.state = 'waiting' and (o.carrier, o.destination) > (k.carrier, k.destination)
            order by 1, 2
            limit 1
        ) n
    )
    select k.carrier, k.destination, d.due, n.next_attempt_at
    from known k
    cross join lateral (
        select o.next_attempt_at from ops.outbox o
        where o.state = 'waiting' and o.carrier = k.carrier and o.destination = k.destination and o.parked_at is null
            and (o.message_key is null or not exists (
                select from ops.outbox e
                where e.state = 'waiting' and e.carrier = o.carrier and e.destination = o.destination and e.message_key = o.message_key
                    and e.outbox_id < o.outbox_id))
        order by o.next_attempt_at, o.outbox_id
        limit 1
    ) n
    cross join lateral (
        select count(*) as due
        from (
            select from ops.outbox o
            where o.state = 'waiting' and o.carrier = k.carrier and o.destination = k.destination and o.parked_at is null
                and o.next_attempt_at <= clock_timestamp() and (o.message_key is null or not exists (
                    select from ops.outbox e
                    where e.state = 'waiting' and e.carrier = o.carrier and e.destination = o.destination
                        and e.message_key = o.message_key and e.outbox_id < o.outbox_id))
            limit 1000
        ) l
    ) d
    order by n.next_attempt_at;
$$;
