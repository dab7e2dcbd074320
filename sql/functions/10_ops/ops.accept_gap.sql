create or replace function ops.accept_gap(
    p_feed text, p_cluster text, p_partition integer, p_from bigint, p_to bigint, p_reason text
) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- An operator goes on without messages that are gone from the topic before they were landed: books the gap, with who
-- decided it and why, and moves the partition on from p_from, where it stands, to p_to (exclusive). Gives the gap's number.
-- Errors: EM023 the partition does not stand at p_from
declare
    v_gap bigint;
begin
    update ops.kafka_position
    set next_offset = p_to
    where feed = p_feed and cluster_id = p_cluster and partition = p_partition and next_offset = p_from;
    if not found then
        raise exception using errcode = 'EM023',
            message = format('%s:%s does not stand at offset %s', (select topic from ops.feed where feed = p_feed), p_partition, p_from),
            detail = format('it stands at %s', coalesce((
                select next_offset::text from ops.kafka_position
                where feed = p_feed and cluster_id = p_cluster and partition = p_partition), 'no offset: nobody has begun to read it')),
            hint = 'see ops.kafka_lag; name the offset that the loader stopped at';
    end if;
    insert into ops.kafka_gap (feed, cluster_id, partition, from_offset, to_offset, reason)
    values (p_feed, p_cluster, p_partition, p_from, p_to, p_reason)
    returning gap_id into v_gap;
    return v_gap;
end
$$;
