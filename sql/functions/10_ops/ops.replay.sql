create or replace function ops.replay(p_feed text, p_filter jsonb default '{}', p_dry_run boolean default true)
returns table (run_id bigint, batches bigint, replayed bigint, stored bigint, rejected bigint, duplicate bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Judges rejects again, by the very same promote, after a rule, a policy or a bug has changed. The rows go back to
-- their own batches as pending, so coordinates, books and provenance stay true and a second replay changes nothing.
--   p_filter   all keys optional, all that are given must hold:
--              code text, batch_id, run_id (that judged it), position, source text (file name, topic:partition, an order
--              system's name, or what ops.provenance() gives), from date, to date
--              (of landing, to exclusive), disposition ('rejected', 'duplicate' or 'any'; default 'rejected')
-- Where the feed has a complete_function, it is called at the end, as by ops.complete_run().
--   p_dry_run  true: does all of it, reports, and takes it back
-- Errors: EM010 feed is unknown, EM030 filter has an unknown key, EM003 an earlier batch is not promoted yet
declare
    v_feed ops.feed%rowtype;
    v_unknown text;
    v_batch ops.batch%rowtype;
    v_moved bigint;
    v_done ops.promotion;
begin
    v_feed := ops.feed_named(p_feed);
    select string_agg(k, ', ') into v_unknown from jsonb_object_keys(p_filter) k
    where k not in ('code', 'batch_id', 'run_id', 'position', 'source', 'from', 'to', 'disposition');
    if v_unknown is not null then
        raise exception using errcode = 'EM030', message = format('the filter has unknown keys: %s', v_unknown),
            hint = 'keys: code, batch_id, run_id, position, source, from, to, disposition';
    end if;
    if v_feed.complete_function is not null then
        -- One after another: each holds locks of the sources it has judged when it completes them.
        perform pg_advisory_xact_lock(hashtextextended('ops.replay.' || v_feed.complete_function, 0));
    end if;
    batches := 0; replayed := 0; stored := 0; rejected := 0; duplicate := 0;

    begin
        run_id := ops.start_run('replay', p_feed, jsonb_build_object('filter', p_filter));
        for v_batch in
            select b.* from ops.batch b
            where b.feed = p_feed and b.state = 'promoted' and b.rejected + b.duplicate > 0
                and (p_filter ->> 'batch_id' is null or b.batch_id = (p_filter ->> 'batch_id')::bigint)
                and (p_filter ->> 'from' is null or b.received_on >= (p_filter ->> 'from')::date)
                and (p_filter ->> 'to' is null or b.received_on < (p_filter ->> 'to')::date)
                and (p_filter ->> 'source' is null or exists (
                    select from ops.source_file f
                    where f.source_file_id = b.source_file_id and p_filter ->> 'source' in (f.name, nullif(f.source, '')))
                    or exists (
                    select from ops.snapshot_batch sb join ops.snapshot s using (snapshot_id)
                    where sb.batch_id = b.batch_id and p_filter ->> 'source' in (s.source, ops.snapshot_name(s.source, s.snapshot_id)))
                    or exists (
                    select from ops.kafka_batch k
                    where k.batch_id = b.batch_id and p_filter ->> 'source' in (b.lane, k.cluster_id || '/' || b.lane)))
            order by b.batch_id
            for update
        loop
            v_moved := ops.unreject(v_feed, v_batch, p_filter);
            continue when v_moved = 0;
            execute format('select * from %s($1, $2)', ops.qualified(v_feed.promote_function))
            into v_done using v_batch.batch_id, run_id;
            batches := batches + 1;
            replayed := replayed + v_moved;
            stored := stored + v_done.stored;
            rejected := rejected + v_done.rejected;
            duplicate := duplicate + v_done.duplicate;
        end loop;
        if batches > 0 then
            perform ops.complete_run(run_id);
        end if;
        perform ops.finish_run(run_id, 'done');
        insert into ops.replay_log (run_id, feed, filter, replayed, stored, rejected, duplicate)
        values (run_id, p_feed, p_filter, replayed, stored, rejected, duplicate);
        if p_dry_run then
            raise exception using errcode = 'EM000', message = 'dry run';
        end if;
    exception when sqlstate 'EM000' then
        run_id := null;
    end;
    return next;
end
$$;
