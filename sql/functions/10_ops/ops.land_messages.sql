create or replace function ops.land_messages(
    p_feed text, p_cluster text, p_run bigint, p_slot smallint, p_received_on date, p_batches bigint[],
    p_partitions integer[], p_epochs bigint[], p_from bigint[], p_to bigint[], p_received bigint[], p_high bigint[]
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Books messages that the same transaction has copied into staging, one batch a partition, and moves the partitions on
-- from p_from to p_to (exclusive). The arrays go together, element by element.
-- The move is a compare-and-set and comes last in the transaction: a loader that was frozen, replaced and set going again
-- fails here, by the epoch or by the offset, and its rows go with its transaction.
-- Errors: EM022 another loader has moved a partition on
declare
    v_feed ops.feed%rowtype := ops.feed_named(p_feed);
    v_moved integer[];
    v_place integer;
begin
    insert into ops.batch (batch_id, feed, lane, slot, received_on, run_id, received)
    select l.batch_id, p_feed, v_feed.topic || ':' || l.partition, p_slot, p_received_on, p_run, l.received
    from unnest(p_batches, p_partitions, p_received) as l (batch_id, partition, received);

    insert into ops.kafka_batch (batch_id, feed, cluster_id, partition, from_offset, to_offset)
    select l.batch_id, p_feed, p_cluster, l.partition, l.from_offset, l.to_offset
    from unnest(p_batches, p_partitions, p_from, p_to) as l (batch_id, partition, from_offset, to_offset);

    perform ops.lock_positions(p_feed, p_cluster, p_partitions);
    with moved as (
        update ops.kafka_position p
        set next_offset = l.to_offset, high_offset = greatest(l.high, l.to_offset), seen_at = clock_timestamp()
        from unnest(p_partitions, p_epochs, p_from, p_to, p_high) as l (partition, epoch, from_offset, to_offset, high)
        where p.feed = p_feed and p.cluster_id = p_cluster and p.partition = l.partition
            and p.epoch = l.epoch and p.next_offset = l.from_offset
        returning p.partition
    )
    select coalesce(array_agg(partition), '{}') into v_moved from moved;
    if cardinality(v_moved) <> cardinality(p_batches) then
        v_place := (select min(place) from unnest(p_partitions) with ordinality as l (partition, place) where partition <> all (v_moved));
        perform ops.refuse_landing(p_feed, p_cluster, p_partitions[v_place], p_epochs[v_place], p_from[v_place]);
    end if;
end
$$;
