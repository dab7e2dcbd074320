create or replace function ops.dead_letters(p_outbox bigint, p_after bigint, p_rows integer, p_bytes bigint)
returns table ("position" bigint, message_key bytea, value bytea, headers text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
set plan_cache_mode = force_custom_plan
as $$
-- The next messages of a waiting outbox row, by position after p_after: at most p_rows, and no more once p_bytes of keys
-- and values are passed. None when there is nothing left. Bytes are the original message's; null is a tombstone.
-- headers are names and values in turn; a header whose value is null is not to be sent. Every feed's:
--   error                                           the reasons, joined by '; '
--   source.topic, source.partition, source.offset   where the message was; null for records of files
--   batch, feed                                     ours
-- of feeds of JSON:
--   rule           the codes, joined by commas
--   origin         cluster/topic:partition:offset of the message: the same at every delivery, so that readers know repeats;
--                  of records of a file feed:batch:position
--   received_at    when it was landed
-- of feeds of Avro, beside what the door of events writes:
--   code           the codes, joined by commas
--   correlationId  the key, where it is a correlation id
--   receivedAt     when the door took it in, else when it was landed
--   origin         promote; repeats are known by source.*
-- Errors: EM060 the outbox row is unknown, of another kind, or delivered
declare
    v_outbox ops.outbox%rowtype;
    v_feed ops.feed%rowtype;
    v_batch ops.batch%rowtype;
    v_source ops.kafka_batch%rowtype;
    v_kafka boolean;
    v_landed text;
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
    v_landed := to_char(v_batch.received_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    return query
        select r.position, r.message_key, case when r.defect = 'tombstone' and r.payload = '' then null else r.payload end,
            array['error', array_to_string(r.reasons, '; ')]
            || case when v_feed.message_format = 'json' then array[
                'rule', array_to_string(r.codes, ','),
                'source.topic', case when v_kafka then v_feed.topic end, 'source.partition', v_source.partition::text,
                'source.offset', case when v_kafka then r.position::text end,
                'origin', case when v_kafka then format('%s/%s:%s:%s', v_source.cluster_id, v_feed.topic, v_source.partition, r.position)
                    else format('%s:%s:%s', v_batch.feed, v_batch.batch_id, r.position) end,
                'batch', v_batch.batch_id::text, 'feed', v_batch.feed, 'received_at', v_landed]
            else array[
                'code', array_to_string(r.codes, ','), 'correlationId', r.correlation_id::text,
                'receivedAt', coalesce(events.instant_text(events.correlated_at(r.correlation_id)), v_landed), 'origin', 'promote',
                'source.topic', case when v_kafka then v_feed.topic end, 'source.partition', v_source.partition::text,
                'source.offset', case when v_kafka then r.position::text end,
                'batch', v_batch.batch_id::text, 'feed', v_batch.feed]
            end
        from (
            select n.*, sum(octet_length(n.payload) + coalesce(octet_length(n.message_key), 0))
                over (order by n.position rows between unbounded preceding and 1 preceding) as before,
                events.key_correlation_id(n.message_key) as correlation_id
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
