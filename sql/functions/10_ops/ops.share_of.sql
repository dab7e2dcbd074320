create or replace function ops.share_of(p_feed text, p_cluster text, p_member uuid, p_dead uuid[]) returns bigint
language sql stable set search_path = pg_catalog, pg_temp as $$
-- How many partitions a loader may own: all divided by the loaders other than p_dead, and where that leaves some over, one more for those
-- who own the most already (then: who came first), so that as few as possible move.
with ranked as (
    select m.member, count(*) over () as members,
        row_number() over (order by owned.n desc, m.joined_at, m.member) as place
    from ops.kafka_member m
    cross join lateral (select count(*) as n from ops.kafka_position p where p.owner = m.member) owned
    where m.feed = p_feed and m.cluster_id = p_cluster and m.member <> all (p_dead)
), topic as (
    select count(*) as partitions from ops.kafka_position where feed = p_feed and cluster_id = p_cluster
)
select t.partitions / r.members + case when r.place <= t.partitions % r.members then 1 else 0 end
from ranked r cross join topic t
where r.member = p_member
$$;
