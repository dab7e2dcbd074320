create or replace function ops.complete_run(p_run bigint) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- What a feed does once all that a run has landed is promoted (ops.feed.complete_function), for each order system that the run
-- has batches or a snapshot of, or has judged again; and for those that an earlier run has left before this. Gives what the
-- function gave by source, null for feeds without one. May be called again: it then does what is left to do.
-- Errors: EM005 no such run
declare
    v_run ops.run%rowtype;
    v_function text;
    v_source text;
    v_done jsonb;
    v_all jsonb := '{}'::jsonb;
begin
    select * into v_run from ops.run where run_id = p_run;
    if not found then
        raise exception using errcode = 'EM005', message = format('run %s is unknown', p_run);
    end if;
    select complete_function into v_function from ops.feed where feed = v_run.feed;
    if v_function is null then
        return null;
    end if;
    for v_source in
        select s.source
        from shop.source s
        where exists (select from ops.snapshot n where n.run_id = p_run and n.source = s.source)
            or s.source in (
                select ops.source_of(b.batch_id)
                from ops.batch b
                join ops.feed f using (feed)
                where f.complete_function = v_function and b.state = 'promoted'
                    and (b.run_id = p_run or b.promoted_run = p_run or b.promoted_at > s.assembled_at or s.assembled_at is null))
        order by s.source
    loop
        execute format('select %s($1, $2)', ops.qualified(v_function)) into v_done using v_source, p_run;
        v_all := v_all || jsonb_build_object(v_source, v_done);
    end loop;
    return v_all;
end
$$;
