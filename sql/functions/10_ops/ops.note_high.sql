create or replace function ops.note_high(p_feed text, p_cluster text, p_partitions integer[], p_high bigint[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Notes the offsets after the last messages, for the lag, while there is nothing to land. Arrays element by element.
begin
    perform ops.lock_positions(p_feed, p_cluster, p_partitions);
    update ops.kafka_position p
    set high_offset = l.high, seen_at = clock_timestamp()
    from unnest(p_partitions, p_high) as l (partition, high)
    where p.feed = p_feed and p.cluster_id = p_cluster and p.partition = l.partition;
end
$$;
