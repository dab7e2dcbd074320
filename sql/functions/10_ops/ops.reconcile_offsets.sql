create or replace function ops.reconcile_offsets(p_feed text)
returns table (batch_id bigint, what text, booked bigint, counted bigint)
language sql stable set search_path = pg_catalog, pg_temp as $$
-- Where the offsets of a feed's partitions, from the first to before the next, are not covered by batches and accepted
-- gaps exactly once; nothing when all is well.
--   offsets topic:partition    a hole or an overlap: booked is the offset that comes next, counted where the batch begins
--                              (batch_id is null for a gap, and for the end); or a batch of more records than offsets:
--                              booked the records, counted the offsets; or one without offsets: counted is null
with piece as (
    select k.batch_id, k.feed, k.cluster_id, k.partition, k.from_offset, k.to_offset from ops.kafka_batch k where k.feed = p_feed
    union all
    select null, g.feed, g.cluster_id, g.partition, g.from_offset, g.to_offset from ops.kafka_gap g where g.feed = p_feed
    union all
    select null, p.feed, p.cluster_id, p.partition, p.next_offset, null from ops.kafka_position p where p.feed = p_feed
), laid as (
    -- At one offset the end comes last: it has no to_offset.
    select c.batch_id, c.cluster_id, c.partition, c.from_offset,
        max(c.to_offset) over (
            partition by c.cluster_id, c.partition order by c.from_offset, c.to_offset, c.batch_id
            rows between unbounded preceding and 1 preceding) as behind
    from piece c
)
select l.batch_id, format('offsets %s:%s', f.topic, p.partition), coalesce(l.behind, p.first_offset), l.from_offset
from laid l
join ops.kafka_position p on (p.feed, p.cluster_id, p.partition) = (p_feed, l.cluster_id, l.partition)
join ops.feed f on f.feed = p_feed
where coalesce(l.behind, p.first_offset) is distinct from l.from_offset
union all
select b.batch_id, 'offsets ' || b.lane, b.received, k.to_offset - k.from_offset
from ops.batch b
join ops.feed f using (feed)
left join ops.kafka_batch k using (batch_id)
where b.feed = p_feed and f.topic is not null and (k.batch_id is null or b.received > k.to_offset - k.from_offset)
order by 1, 2
$$;
