create or replace function ops.take_partitions(p_feed text, p_cluster text, p_member uuid, p_share bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Gives a loader free partitions, the lowest first, until it has its share. To be called under ops.lock_sharing().
declare
    v_taken integer[] := array(
        select partition from ops.kafka_position
        where feed = p_feed and cluster_id = p_cluster and owner is null
        order by partition
        limit greatest(p_share - (select count(*) from ops.kafka_position where owner = p_member), 0));
begin
    if v_taken <> '{}' then
        perform ops.lock_positions(p_feed, p_cluster, v_taken);
        update ops.kafka_position
        set owner = p_member, epoch = epoch + 1
        where feed = p_feed and cluster_id = p_cluster and partition = any (v_taken);
    end if;
end
$$;
