create or replace function ops.provenance(p_batch bigint, p_position bigint)
returns table (
    feed text, source text, sha256 text, "position" bigint, line bigint, received_at timestamptz, landed_by bigint,
    judged_by bigint, outcome text, reasons text[]
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
-- From a record's batch and position (columns of every stored row and every reject) back to where it came from, which
-- runs landed and judged it, and what became of it. A record of a file comes from its name and line, a message from
-- cluster/topic:partition, and its position is the offset; a row of a source database from its snapshot: NAME snapshot N.
-- Errors: EM001 batch is unknown
declare
    v_feed ops.feed%rowtype;
    v_stored regclass;
    v_staging regclass;
begin
    select f.* into v_feed from ops.batch b join ops.feed f using (feed) where b.batch_id = p_batch;
    if not found then
        raise exception using errcode = 'EM001', message = format('batch %s is unknown', p_batch);
    end if;
    v_stored := ops.qualified(v_feed.stored_table)::regclass;
    v_staging := format('staging.%I', v_feed.staging_table)::regclass;
    return query execute format(
        $sql$
        select b.feed, coalesce(f.name, ops.snapshot_name(n.source, n.snapshot_id), k.cluster_id || '/' || b.lane), f.sha256, r.position, r.line, b.received_at, b.run_id,
            r.run_id, r.outcome, r.reasons
        from (
            select position, %4$s as line, %6$s as run_id, %2$L as outcome, null::text[] as reasons
            from %1$s where batch_id = $1 and position = $2
            union all
            select position, line, run_id, disposition::text, reasons
            from staging.reject where batch_id = $1 and position = $2
                and received_on = (select received_on from ops.batch where batch_id = $1)
            union all
            select s.position, %5$s, null, 'pending', null
            from staging.%3$I s join ops.batch b using (batch_id)
            where s.batch_id = $1 and s.position = $2 and b.state = 'landed' and s.slot = b.slot
        ) r
        cross join ops.batch b
        left join ops.source_file f using (source_file_id)
        left join ops.kafka_batch k using (batch_id)
        left join ops.snapshot_batch sb on sb.batch_id = b.batch_id
        left join ops.snapshot n using (snapshot_id)
        where b.batch_id = $1
        $sql$, ops.qualified(v_feed.stored_table), 'stored in ' || v_feed.stored_table, v_feed.staging_table,
        ops.column_or(v_stored, 'line', 'null::bigint'), ops.column_or(v_staging, 'line', 'null::bigint'),
        ops.column_or(v_stored, 'run_id', '(select promoted_run from ops.batch where batch_id = $1)'))
    using p_batch, p_position;
end
$$;
