create or replace function ops.remove_member(p_member ops.kafka_member) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Frees a loader's partitions and forgets it. To be called under ops.lock_sharing().
begin
    perform ops.free_partitions(p_member.feed, p_member.cluster_id, array(
        select partition from ops.kafka_position where owner = p_member.member));
    delete from ops.kafka_member where member = p_member.member;
end
$$;
