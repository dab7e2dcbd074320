create or replace function ops.assign_partitions(p_feed text, p_cluster text, p_partitions integer[], p_owner uuid) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Gives partitions to a loader, or to nobody; the epoch rises, so that who had them lands no more. To be called under
-- ops.lock_sharing().
begin
    if p_partitions <> '{}' then
        perform ops.lock_positions(p_feed, p_cluster, p_partitions);
        update ops.kafka_position
        set owner = p_owner, epoch = epoch + 1
        where feed = p_feed and cluster_id = p_cluster and partition = any (p_partitions);
    end if;
end
$$;
