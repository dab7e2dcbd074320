create or replace function ops.letter_lines(p_batch bigint, p_run bigint, p_from bigint, p_to bigint)
returns table ("position" bigint, line text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set jit = off
set max_parallel_workers_per_gather = 0  -- a piece is small: starting workers takes longer
set work_mem = '64MB'
set enable_seqscan = off  -- statistics take an unseen batch for one row; the primary key finds it
as $$
-- The dead letters that a run rejected of a batch, from one position to another, as the lines that the archive has of them; by
-- position. Those that a replay took since are in ops.archive_kept, where the archive is still to save them.
-- A line has feed, batch, position and run; codes and reasons; source: where the record was, of a message cluster, topic,
-- partition and offset, of a file its name, the line and the number of the record; receivedAt: when it was landed; what the
-- loader found (defect); of a message its key (keyBase64 where that is no UTF-8), correlationId, publishedAt, schemaId and
-- origin; and its bytes: payload, or payloadBase64 where they are no UTF-8 or hold control characters. What is not known is
-- not there.
declare
    v_batch ops.batch%rowtype;
    v_feed ops.feed%rowtype;
    v_source jsonb;
begin
    select * into strict v_batch from ops.batch b where b.batch_id = p_batch;
    select * into strict v_feed from ops.feed f where f.feed = v_batch.feed;
    select jsonb_build_object('cluster', k.cluster_id, 'partition', k.partition,
        'topic', coalesce(substring(v_batch.lane from '^(.+):[0-9]+$'), v_feed.topic))
    into v_source
    from ops.kafka_batch k where k.batch_id = p_batch;
    if not found then
        select jsonb_build_object('file', s.name) into v_source from ops.source_file s where s.source_file_id = v_batch.source_file_id;
    end if;
    return query
        select r.position,
            jsonb_strip_nulls(jsonb_build_object(
                'feed', v_batch.feed, 'batch', p_batch, 'position', r.position, 'run', p_run, 'codes', r.codes, 'reasons', r.reasons,
                'source', v_source || case when v_source ? 'topic' then jsonb_build_object('offset', r.position)
                    else jsonb_build_object('record', r.position, 'line', r.line) end,
                'receivedAt', events.instant_text(v_batch.received_at), 'defect', r.defect, 'key', r.key,
                'keyBase64', case when r.key is null then translate(encode(r.message_key, 'base64'), chr(10), '') end,
                'correlationId', case when v_feed.message_format <> 'json' then events.key_correlation_id(r.message_key) end,
                'publishedAt', events.instant_text(r.published_at), 'schemaId', r.schema_id, 'origin', r.origin,
                'payload', r.text,
                'payloadBase64', case when r.text is null then translate(encode(r.payload, 'base64'), chr(10), '') end))::text
        from (
            select s.position, s.line, s.codes, s.reasons, s.defect, s.message_key, s.payload, s.published_at, s.schema_id, s.origin,
                ops.utf8_text(s.message_key) as key, ops.utf8_text(s.payload) as text
            from staging.reject s
            where s.received_on = v_batch.received_on and s.batch_id = p_batch and s.run_id = p_run
                and s.position between p_from and p_to and s.disposition = 'rejected'
            offset 0
        ) r
        union all
        select k.position, k.line
        from ops.archive_kept k
        where k.batch_id = p_batch and k.run_id = p_run and k.position between p_from and p_to
        order by 1;
end
$$;
