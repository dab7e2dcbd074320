create or replace function ops.land_snapshot(p_source text, p_feed text, p_run bigint, p_batch_rows integer default 20000)
returns ops.snapshot
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set enable_nestloop = off set plan_cache_mode = force_custom_plan as $$
-- Reads one table of a source's database once and lands the rows that are new or not as they are known, in batches of
-- p_batch_rows. Rows that were rejected as they are now are not landed again: rejects are judged anew by ops.replay().
-- All of it is one transaction, so a reading that breaks off has landed nothing.
-- Rows that are known here and gone there become findings gone_from_source, and are resolved when they are there again.
-- Reads:  source_NAME.<table>, shop.source_<table>, staging.reject
-- Writes: staging.source_<table>, ops.batch, ops.snapshot, ops.snapshot_batch, shop.source_refused_lines, quality.finding
-- Errors: EM500, EM511 as ops.snapshot_table(); EM512 the table was not read to its end; classes HV of the wrapper
declare
    v_feed ops.feed%rowtype := ops.feed_named(p_feed);
    v_foreign regclass := ops.snapshot_table(p_source, p_feed);
    v_rows constant name := 'snapshot_row';
    v_expected bigint;
    v_read bigint;
    v_landed bigint;
    v_open record;
    v_gone quality.found[];
    v_snapshot ops.snapshot%rowtype;
begin
    perform from shop.source where source = p_source for no key update;  -- one reader of a source at a time
    execute format('select count(*) from %s', v_foreign) into v_expected;
    execute format('drop table if exists pg_temp.%I', v_rows);
    execute format('create temporary table %I on commit drop as %s', v_rows, ops.snapshot_rows(p_source, p_feed));
    execute format('select count(*) from pg_temp.%I where there is not null', v_rows) into v_read;
    perform ops.require_whole(p_source, p_feed, v_read, v_expected);

    execute format(
        $sql$
        update pg_temp.%I t set payload = null
        from (select distinct r.payload from ops.snapshot_refused($1, $2) as r (payload)) r
        where t.payload = r.payload
        $sql$, v_rows)
    using p_source, p_feed;
    execute format('select count(*) from pg_temp.%I where payload is not null', v_rows) into v_landed;
    -- A line that was rejected and is now as it is known, or gone, holds up its order no longer.
    if p_feed = 'source.order_details' then
        execute format(
            $sql$
            delete from shop.source_refused_lines r
            where r.source = $1 and not exists (
                select from (
                    select there from pg_temp.%1$I where there_digest is distinct from here_digest
                    union all
                    select regexp_replace(there, '[^/]*$', '') from pg_temp.%1$I
                    where there_digest is distinct from here_digest and there !~ '/(0|[1-9][0-9]{0,8})$'
                ) t
                where t.there = r.source_key)
            $sql$, v_rows)
        using p_source;
    end if;

    insert into ops.snapshot (source, feed, run_id, read, unchanged, landed)
    values (p_source, p_feed, p_run, v_read, v_read - v_landed, v_landed)
    returning * into v_snapshot;
    if v_landed > 0 then
        select * into v_open from ops.open_batches(p_feed, ((v_landed + p_batch_rows - 1) / p_batch_rows)::integer);
        execute format(
            $sql$
            insert into staging.%I (batch_id, position, line, slot, payload)
            select $1[1 + (n - 1) / $2], n, n, $3, payload
            from (select row_number() over () as n, payload from pg_temp.%I where payload is not null) r
            $sql$, v_feed.staging_table, v_rows)
        using v_open.batch_ids, p_batch_rows, v_open.slot;
        insert into ops.batch (batch_id, feed, slot, received_on, run_id, received)
        select b.batch_id, p_feed, v_open.slot, v_open.received_on, p_run,
            least(p_batch_rows, v_landed - (b.place - 1) * p_batch_rows)
        from unnest(v_open.batch_ids) with ordinality as b (batch_id, place);
        insert into ops.snapshot_batch (batch_id, snapshot_id)
        select b.batch_id, v_snapshot.snapshot_id from unnest(v_open.batch_ids) as b (batch_id);
    end if;

    execute format(
        $sql$
        select array_agg(row($1, 'gone_from_source', shop.source_record($1, here))::quality.found)
        from pg_temp.%I where there is null
        $sql$, v_rows)
    into v_gone using p_feed;
    perform quality.settle_findings(p_source, p_run, p_feed, '{gone_from_source}', coalesce(v_gone, '{}'));
    return v_snapshot;
end
$$;
