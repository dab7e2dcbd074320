create or replace function ops.lock_positions(p_feed text, p_cluster text, p_partitions integer[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Locks positions in the order of their numbers, as everybody does who changes several: so nobody deadlocks.
begin
    perform from ops.kafka_position
    where feed = p_feed and cluster_id = p_cluster and partition = any (p_partitions)
    order by partition
    for no key update;
end
$$;
