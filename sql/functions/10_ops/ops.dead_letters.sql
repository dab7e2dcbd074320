create or replace function ops.dead_letters(p_outbox bigint, p_after bigint, p_rows integer, p_bytes bigint)
returns table (
    "position" bigint, message_key bytea, value bytea, error text, rule text, source_topic text, source_partition text,
    source_offset text, origin text, batch text, feed text, received_at text
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
set plan_cache_mode = force_custom_plan
as $$
-- The next messages of a waiting outbox row, by position after p_after: at most p_rows, and no more once p_bytes of keys
-- and values are passed. None when there is nothing left. Bytes are the original message's; null is a tombstone.
-- origin is cluster/topic:partition:offset of that message: the same at every delivery, so that readers know repeats.
-- Records of a batch that came from a file have no source, and feed:batch:position as origin.
-- Errors: EM060 the outbox row is unknown, of another kind, or delivered
declare
    v_outbox ops.outbox%rowtype;
    v_feed ops.feed%rowtype;
    v_batch ops.batch%rowtype;
    v_source ops.kafka_batch%rowtype;
    v_kafka boolean;
begin
    select * into v_outbox from ops.outbox where outbox_id = p_outbox and kind = 'dead_letter' and state = 'waiting';
    if not found then
        raise exception using errcode = 'EM060', message = format('outbox row %s has no dead letters that wait', p_outbox),
            hint = 'another relay delivered it: nothing to do';
    end if;
    select * into strict v_batch from ops.batch b where b.batch_id = v_outbox.batch_id;
    select * into strict v_feed from ops.feed f where f.feed = v_batch.feed;
    select * into v_source from ops.kafka_batch k where k.batch_id = v_outbox.batch_id;
    v_kafka := found;
    return query
        select r.position, r.message_key, case when r.defect = 'tombstone' and r.payload = '' then null else r.payload end,
            array_to_string(r.reasons, '; '), array_to_string(r.codes, ','),
            case when v_kafka then v_feed.topic end, v_source.partition::text, case when v_kafka then r.position::text end,
            case when v_kafka then format('%s/%s:%s:%s', v_source.cluster_id, v_feed.topic, v_source.partition, r.position)
                else format('%s:%s:%s', v_batch.feed, v_batch.batch_id, r.position) end,
            v_batch.batch_id::text, v_batch.feed, to_char(v_batch.received_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        from (
            select n.*, sum(octet_length(n.payload) + coalesce(octet_length(n.message_key), 0))
                over (order by n.position rows between unbounded preceding and 1 preceding) as before
            from (
                select s.position, s.message_key, s.payload, s.defect, s.reasons, s.codes
                from staging.reject s
                where s.received_on = v_batch.received_on and s.batch_id = v_batch.batch_id and s.position > p_after
                    and s.disposition = 'rejected' and s.origin is null
                order by s.position
                limit p_rows
            ) n
        ) r
        where coalesce(r.before, 0) < p_bytes
        order by r.position;
end
$$;
