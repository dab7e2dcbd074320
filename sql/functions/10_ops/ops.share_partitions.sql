create or replace function ops.share_partitions(
    p_feed text, p_cluster text, p_partitions integer, p_member uuid, p_name text, p_backend integer
) returns table (partition integer, next_offset bigint, epoch bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- A loader says that it is alive and is told which partitions are its own: to be called before the first landing and
-- every few seconds, in a transaction of its own.
--   p_backend    process id of the session that the member lands by; who takes over from it ends that session
--   p_partitions how many the topic has; may rise, what has been there stays
--   next_offset  the next message to land; null: nobody has read the partition, ops.begin_partition says where to begin
-- A member is dead when its lease (setting kafka.lease) is out or its session is gone; its partitions are free then.
-- Every member has its even share; who has more gives up the highest, who has fewer takes the lowest that are free, and
-- what one keeps does not move. Each change of owner raises the epoch, so that nobody lands any more what was his.
-- Errors: EM010 feed is unknown, or not one of a topic
declare
    v_feed ops.feed%rowtype := ops.feed_named(p_feed);
    v_dead uuid[];
    v_share bigint;
    v_taken integer[];
    v_freed integer[];
begin
    if v_feed.topic is null then
        raise exception using errcode = 'EM010', message = format('feed %s is not read from a topic', p_feed),
            hint = 'select feed, topic from ops.feed where topic is not null';
    end if;
    if exists (select from ops.kafka_member m where m.member = p_member and (m.feed, m.cluster_id) <> (p_feed, p_cluster)) then
        perform ops.leave_partitions(p_member);
    end if;
    perform ops.lock_sharing(p_feed, p_cluster);
    perform ops.register_member(p_feed, p_cluster, p_member, p_name, p_backend);
    v_dead := ops.dead_members(p_feed, p_cluster, p_member);

    insert into ops.kafka_position (feed, cluster_id, partition)
    select p_feed, p_cluster, s
    from generate_series(0, p_partitions - 1) s
    where not exists (
        select from ops.kafka_position p where (p.feed, p.cluster_id, p.partition) = (p_feed, p_cluster, s));

    v_share := ops.share_of(p_feed, p_cluster, p_member, v_dead);
    with mine as (
        select p.partition, row_number() over (order by p.partition) as place
        from ops.kafka_position p
        where p.feed = p_feed and p.cluster_id = p_cluster and p.owner = p_member
    ), free as (
        select p.partition, p.owner, row_number() over (order by p.partition) + (select count(*) from mine) as place
        from ops.kafka_position p
        where p.feed = p_feed and p.cluster_id = p_cluster and (p.owner is null or p.owner = any (v_dead))
    )
    select array(select f.partition from free f where f.place <= v_share),
        array(select m.partition from mine m where m.place > v_share
            union all
            select f.partition from free f where f.place > v_share and f.owner is not null)
    into v_taken, v_freed;
    -- All at once: one after the other would be out of order.
    perform ops.lock_positions(p_feed, p_cluster, v_taken || v_freed);
    perform ops.assign_partitions(p_feed, p_cluster, v_freed, null);
    perform ops.assign_partitions(p_feed, p_cluster, v_taken, p_member);
    delete from ops.kafka_member m where m.member = any (v_dead);

    return query
        select p.partition, p.next_offset, p.epoch
        from ops.kafka_position p
        where p.feed = p_feed and p.cluster_id = p_cluster and p.owner = p_member
        order by p.partition;
end
$$;
