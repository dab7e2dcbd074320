-- How far each partition has been landed, who lands it, and what waits.
create or replace view ops.kafka_lag with (security_invoker = true) as
select p.feed, f.topic, p.cluster_id, p.partition, p.next_offset, p.high_offset,
    case when p.high_offset is not null and p.next_offset is not null then greatest(p.high_offset - p.next_offset, 0) end as lag,
    m.name as owner, m.lease_until, p.seen_at, waiting.batches as waiting_batches, waiting.records as waiting_records
from ops.kafka_position p
join ops.feed f using (feed)
left join ops.kafka_member m on m.member = p.owner
cross join lateral (
    select count(*) as batches, coalesce(sum(b.received - b.stored - b.rejected - b.duplicate), 0)::bigint as records
    from ops.batch b
    join ops.kafka_batch k using (batch_id)
    where b.feed = p.feed and b.lane = f.topic || ':' || p.partition and b.state = 'landed' and k.cluster_id = p.cluster_id
) waiting;

comment on view ops.kafka_lag is 'partitions of topics: landed up to, owner, lag, and landed batches that wait to be promoted';
comment on column ops.kafka_lag.lag is 'offsets still to be landed, as seen at seen_at; null while nobody has looked, or begun to read';
comment on column ops.kafka_lag.owner is 'host and process of the loader; null when nobody lands the partition';
