create or replace function shop.store_source(
    p_batch ops.batch, p_run bigint, p_source shop.source, p_from bigint, p_to bigint
) returns ops.promotion
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set plan_cache_mode = auto  -- a custom plan for each call would be one for each row's foreign key, too
set jit = off  -- the price of a scan that is off would call for it
set work_mem = '64MB'
set enable_nestloop = off  -- statistics take an unseen batch for one row: a nested loop over it would never end
set enable_seqscan = off  -- and find no use in the BRIN index that spares reading the other batches
as $$
-- Judges and stores the records of a batch from one position to another, in one statement. When a constraint refuses a row all
-- the same, or its bytes cannot be read (classes 22, 23 and 54), the positions are halved until it stands alone, and it is
-- rejected; everything else, outages above all, goes up to the caller.
-- A record that is as the one of its key before it is a duplicate. The newest of a key is the one of the greatest (batch, position),
-- so that a reject that is replayed late does not take the place of what came after it.
-- The statement is made for the feed: the table's name is the staging table's, the columns are those that the judging function gives.
-- A line of an order that is rejected is known as such until it is accepted, so that its order is not taken without it; where its
-- number cannot be read, until a later batch has a new line of the order. What is judged again and rejected again changes nothing.
-- Writes: shop.source_version, shop.<staging table>, shop.source_refused_lines, staging.reject
declare
    v_result ops.promotion := row(p_batch.batch_id, 0, 0, 0, 0)::ops.promotion;
    v_half ops.promotion;
    v_name text := (select staging_table from ops.feed where feed = p_batch.feed);
    v_file record;
    v_columns text[];
    v_latest date := (p_batch.received_at at time zone p_source.time_zone)::date + 1;
    v_earliest date := ops.setting_value('sources.earliest')::date;
    v_decimals integer := (select minor_units from shop.currency where currency = p_source.currency);
    v_lines text := case p_batch.feed when 'source.order_details' then
        $sql$
            fresh as materialized (
                select distinct on (key) key, order_key, position
                from (
                    select order_key, position,
                        case when line_no is null or failures like '%line_no_%' then order_key || '/' else source_key end as key
                    from judged
                    where translate(failures, ',', '') <> '' and shop.source_key_rule('', order_key) = '' and $17
                ) f
                order by key, position desc
            ), refused_lines as (
                insert into shop.source_refused_lines as r (source, source_key, order_key, batch_id, position)
                select $14, f.key, f.order_key, $1, f.position
                from fresh f
                where not exists (select from turned k where k.source_key = f.key and k.position > f.position)
                order by f.key
                on conflict on constraint source_refused_lines_pkey do update
                set batch_id = excluded.batch_id, position = excluded.position
                where (r.batch_id, r.position) < (excluded.batch_id, excluded.position)
            ), mended_lines as (
                delete from shop.source_refused_lines r
                using (
                    select source_key as key, position, 9223372036854775807 as batch_id from turned
                    union all
                    select order_key || '/', position, $1 from turned where is_new
                ) k
                where r.source = $14 and r.source_key = k.key and (r.batch_id, r.position) <= ($1, k.position) and r.batch_id < k.batch_id
                    and not exists (select from fresh f where f.key = k.key and (f.position > k.position or k.batch_id = $1))
            ),
        $sql$ else '' end;
    v_constraint text;
    v_code text;
    v_middle bigint;
begin
    select * into v_file from ops.record_format(p_batch.batch_id);
    select array_agg(a.name order by a.place) into v_columns
    from pg_proc p
    cross join lateral unnest(p.proargnames, p.proargmodes) with ordinality as a (name, mode, place)
    where p.pronamespace = 'shop'::regnamespace and p.proname = 'judged_' || v_name and a.mode = 't' and a.name <> 'failures';
    begin
        execute format(
            $sql$
            with judged as materialized (
                select r.position, r.line, r.defect, r.fields, r.payload, r.source_key, r.digest,
                    coalesce(r.defect, case when r.width <> $5 then 'column_count' end, j.failures) as failures, %3$s
                from (
                    select q.*, shop.source_key($6, q.v) as source_key, shop.record_digest(q.v) as digest
                    from (
                        select a.position, a.line, a.defect, a.fields, a.payload, cardinality(a.sent) as width,
                            array[%5$s] as v
                        from (
                            select s.position, s.line, s.fields, s.payload,
                                staging.record_defect(s.payload, s.defect, $7) as defect,
                                staging.record_values(s.payload, s.fields, s.defect, $7, $8, $9) as sent
                            from staging.%1$I s
                            where s.batch_id = $1 and s.slot = $2 and s.position between $3 and $4
                            offset 0
                        ) a
                        offset 0
                    ) q
                    offset 0
                ) r
                cross join lateral shop.%2$I(r.v, $10, $11, $12, $13) j
            ), turned as materialized (
                -- One index look-up a key, whatever the statistics say of either side.
                select k.*, k.digest is distinct from coalesce(lag(k.digest) over (partition by k.source_key order by k.position),
                    (select t.digest from shop.%1$I t where t.source = $14 and t.source_key = k.source_key)) as is_new
                from judged k
                where translate(k.failures, ',', '') = ''
            ), versions as (
                insert into shop.source_version (batch_id, position, line, feed, source, source_key, digest)
                select $1, position, line, $6, $14, source_key, digest from turned where is_new order by position
            ), newest as (
                insert into shop.%1$I as t (source, source_key, digest, batch_id, position, %3$s)
                select distinct on (source_key) $14, source_key, digest, $1, position, %3$s
                from turned where is_new
                order by source_key, position desc
                on conflict (source, source_key) do update
                set digest = excluded.digest, batch_id = excluded.batch_id, position = excluded.position, %4$s
                where (t.batch_id, t.position) < (excluded.batch_id, excluded.position)
            ), %6$s refused as materialized (
                select position, line, defect, fields, payload, failures, true as rejected
                from judged where translate(failures, ',', '') <> ''
                union all
                select position, line, defect, fields, payload, 'unchanged_record', false from turned where not is_new
            ), verdict as (
                select failures, codes, ops.reasons($6, codes) as reasons
                from (
                    select failures, array_remove(string_to_array(failures, ','), '') as codes
                    from (select distinct failures from refused) f
                ) c
                offset 0
            ), recorded as (
                insert into staging.reject
                    (received_on, batch_id, position, line, run_id, disposition, severity, defect, codes, reasons, fields, payload)
                select $15, $1, r.position, r.line, $16,
                    case when r.rejected then 'rejected' else 'duplicate' end::staging.disposition,
                    case when r.rejected then 'error' else 'info' end::ops.severity,
                    r.defect, v.codes, v.reasons, r.fields, r.payload
                from refused r
                left join verdict v using (failures)
                order by r.position
            )
            select (select count(*) from judged), (select count(*) from turned where is_new),
                count(*) filter (where rejected), count(*) filter (where not rejected)
            from refused
            $sql$, v_name, 'judged_' || v_name,
            (select string_agg(quote_ident(name), ', ') from unnest(v_columns) as c (name)),
            (select string_agg(format('%1$I = excluded.%1$I', name), ', ') from unnest(v_columns) as c (name)),
            (select string_agg(format('a.sent[%s]', place), ', ' order by n) from unnest(v_file.map) with ordinality as m (place, n)), v_lines)
        into v_result.received, v_result.stored, v_result.rejected, v_result.duplicate
        using p_batch.batch_id, p_batch.slot, p_from, p_to, v_file.width, p_batch.feed, v_file.format, v_file.columns,
            v_file.delimiter, p_source.time_zone, v_decimals, v_earliest, v_latest, p_source.source, p_batch.received_on, p_run,
            p_batch.promoted_run is null;
        set constraints all immediate;
        return v_result;
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
        get stacked diagnostics v_constraint = constraint_name, v_code = returned_sqlstate;
    end;

    execute format('select count(*), percentile_disc(0.5) within group (order by position) from staging.%I
        where batch_id = $1 and slot = $2 and position between $3 and $4', v_name)
    into v_result.received, v_middle
    using p_batch.batch_id, p_batch.slot, p_from, p_to;

    if v_result.received > 1 then
        v_result := shop.store_source(p_batch, p_run, p_source, p_from, v_middle);
        v_half := shop.store_source(p_batch, p_run, p_source, v_middle + 1, p_to);
        v_result.received := v_result.received + v_half.received;
        v_result.stored := v_result.stored + v_half.stored;
        v_result.rejected := v_result.rejected + v_half.rejected;
        v_result.duplicate := v_result.duplicate + v_half.duplicate;
        return v_result;
    end if;

    execute format(
        $sql$
        insert into staging.reject
            (received_on, batch_id, position, line, run_id, disposition, severity, defect, codes, reasons, fields, payload)
        select $5, $1, s.position, s.line, $6, 'rejected', 'error', s.unreadable, array[coalesce(s.unreadable, 'constraint_violation')],
            array[(ops.reasons($7, array[coalesce(s.unreadable, 'constraint_violation')]))[1]
                || case when s.unreadable is null then $8 else '' end],
            s.fields, s.payload
        from (
            select *, coalesce(defect, staging.bytes_defect(payload, $9)) as unreadable
            from staging.%I
            where batch_id = $1 and slot = $2 and position between $3 and $4
        ) s
        $sql$, v_name)
    using p_batch.batch_id, p_batch.slot, p_from, p_to, p_batch.received_on, p_run, p_batch.feed,
        format(' (%s)', coalesce(nullif(v_constraint, ''), 'SQLSTATE ' || v_code)), v_file.format;
    v_result.rejected := v_result.received;
    return v_result;
end
$$;
