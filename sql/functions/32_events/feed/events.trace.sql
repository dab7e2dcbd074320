create or replace function events.trace(p_correlation_id uuid)
returns table (
    package_id uuid, ordinal integer, received_at timestamptz, outcome text, feed text, topic text, partition integer,
    "offset" bigint, cluster_id text, schema_id bigint, batch_id bigint, run_id bigint, landed_at timestamptz,
    promoted_at timestamptz, timestamp_stamp timestamptz, message_id_stamp uuid, codes text[], reasons text[]
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
-- What became of an event, by the correlation id that its sender was given: a row for each place where it was seen, in the order
-- in which it came there; one row with outcome unknown where it has not been (yet).
--   received_at   when the door took its package in, by the id
--   outcome       see events.package_seen()
--   run_id        the run that judged it; codes and reasons: what that said of it
--   timestamp_stamp, message_id_stamp   of a stored one: the key of its row in public.events
begin
    return query
        select events.package_id(p_correlation_id), events.ordinal(p_correlation_id), events.correlated_at(p_correlation_id), s.outcome,
            b.feed, f.topic, k.partition, s.position, k.cluster_id, s.schema_id, s.batch_id, s.run_id, b.received_at, b.promoted_at,
            s.timestamp_stamp, s.message_id_stamp, s.codes, s.reasons
        from events.package_seen(p_correlation_id, p_correlation_id) s
        left join ops.batch b on b.batch_id = s.batch_id
        left join ops.feed f on f.feed = b.feed
        left join ops.kafka_batch k on k.batch_id = s.batch_id
        order by s.batch_id, s.position;
    if not found then
        return query
            select events.package_id(p_correlation_id), events.ordinal(p_correlation_id), events.correlated_at(p_correlation_id), 'unknown',
                null::text, null::text, null::integer, null::bigint, null::text, null::bigint, null::bigint, null::bigint,
                null::timestamptz, null::timestamptz, null::timestamptz, null::uuid, null::text[], null::text[];
    end if;
end
$$;
