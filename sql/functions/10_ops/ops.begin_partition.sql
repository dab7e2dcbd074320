create or replace function ops.begin_partition(p_feed text, p_cluster text, p_partition integer, p_epoch bigint, p_first bigint)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Where to read a partition from: the next offset as it stands; where nobody has begun, p_first, the first offset that
-- the cluster still has, which is kept.
-- Errors: EM022 the partition is another loader's by now
declare
    v_next bigint;
begin
    update ops.kafka_position
    set first_offset = coalesce(first_offset, p_first), next_offset = coalesce(next_offset, p_first)
    where feed = p_feed and cluster_id = p_cluster and partition = p_partition and epoch = p_epoch
    returning next_offset into v_next;
    if not found then
        perform ops.refuse_landing(p_feed, p_cluster, p_partition, p_epoch, null);
    end if;
    return v_next;
end
$$;
