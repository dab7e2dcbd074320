create or replace function ops.unreject(p_feed ops.feed, p_batch ops.batch, p_filter jsonb) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Moves those rejects of a promoted batch that ops.replay()'s filter names back into staging, as pending; gives their
-- number. What the batch had left in staging from the first time goes, so that nothing is judged twice. What the archive has
-- yet to save of them as they are is kept for it.
declare
    v_slot smallint := (select current_slot from ops.feed where feed = p_feed.feed);
    v_rejected bigint;
    v_duplicate bigint;
begin
    perform ops.keep_letters(p_batch, p_filter);
    execute format('delete from staging.%I where batch_id = $1', p_feed.staging_table) using p_batch.batch_id;
    execute format(
        $sql$
        with moved as (
            delete from staging.reject r
            where r.received_on = $1 and r.batch_id = $2
                and ($4 ->> 'code' is null or r.codes @> array[$4 ->> 'code'])
                and ($4 ->> 'run_id' is null or r.run_id = ($4 ->> 'run_id')::bigint)
                and ($4 ->> 'position' is null or r.position = ($4 ->> 'position')::bigint)
                and (coalesce($4 ->> 'disposition', 'rejected') in (r.disposition::text, 'any'))
            returning r.*
        ), back as (
            insert into staging.%1$I (slot, %2$s)
            select $3, %2$s from moved
        )
        select count(*) filter (where disposition = 'rejected'), count(*) filter (where disposition = 'duplicate')
        from moved
        $sql$, p_feed.staging_table,
        ops.common_columns(format('staging.%I', p_feed.staging_table)::regclass, 'staging.reject'))
    into v_rejected, v_duplicate
    using p_batch.received_on, p_batch.batch_id, v_slot, p_filter;
    if v_rejected + v_duplicate > 0 then
        update ops.batch
        set state = 'landed', slot = v_slot, rejected = rejected - v_rejected, duplicate = duplicate - v_duplicate
        where batch_id = p_batch.batch_id;
    end if;
    return v_rejected + v_duplicate;
end
$$;
