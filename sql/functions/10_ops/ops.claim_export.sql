create or replace function ops.claim_export(p_run bigint)
returns table (batch_id bigint, received_on date, after_run bigint, through_run bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Takes over everything of the run's feed that was judged and never written out, by whichever run, and gives it by
-- batch in order. Asked again after a crash it gives the same.
-- Errors: EM005 no such run
#variable_conflict use_column
declare
    v_feed text := (select feed from ops.run where run_id = p_run);
begin
    if v_feed is null then
        raise exception using errcode = 'EM005', message = format('run %s is unknown', p_run);
    end if;
    if not exists (select from ops.run_export where run_id = p_run) then
        with due as (
            select b.batch_id
            from ops.batch b
            where b.feed = v_feed and b.state = 'promoted' and b.promoted_run > b.exported_through
            order by b.batch_id
            for update
        ), claimed as (
            -- A run that judges one of these later has a higher number: it begins after this, or waits for this lock.
            update ops.batch b set exported_through = (select max(run_id) from ops.run)
            from due
            where b.batch_id = due.batch_id
            returning b.batch_id, b.received_on, b.exported_through
        )
        insert into ops.run_export (run_id, batch_id, received_on, after_run, through_run)
        select p_run, c.batch_id, c.received_on, b.exported_through, c.exported_through
        from claimed c join ops.batch b using (batch_id);
    end if;
    return query
        select e.batch_id, e.received_on, e.after_run, e.through_run from ops.run_export e
        where e.run_id = p_run order by e.batch_id;
end
$$;
