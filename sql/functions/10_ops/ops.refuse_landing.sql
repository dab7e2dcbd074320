create or replace function ops.refuse_landing(p_feed text, p_cluster text, p_partition integer, p_epoch bigint, p_from bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Tells a loader that a partition is not where it thinks, or not its own.
-- Errors: EM022, always
begin
    raise exception using errcode = 'EM022',
        message = format('another loader has moved %s:%s on', (select topic from ops.feed where feed = p_feed), p_partition),
        detail = format('expected %s; the partition stands at %s',
            concat_ws(', ', 'offset ' || p_from, 'epoch ' || p_epoch),
            coalesce((
                select format('offset %s, epoch %s, owner %s', coalesce(p.next_offset::text, 'none'), p.epoch, coalesce(m.name, 'none'))
                from ops.kafka_position p left join ops.kafka_member m on m.member = p.owner
                where p.feed = p_feed and p.cluster_id = p_cluster and p.partition = p_partition), 'nothing: nobody owns it')),
        hint = 'nothing is lost: drop what was read, ask ops.share_partitions() again and read from the offset it gives';
end
$$;
