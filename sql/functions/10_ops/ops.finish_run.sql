create or replace function ops.finish_run(p_run bigint, p_state ops.run_state) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Closes a run and gives its summary: what it landed, and what has become of that.
--   {"files", "read", "stored", "rejected", "duplicate", "pending"}
-- Errors: EM005 no such run
declare
    v_summary jsonb;
begin
    update ops.run set state = p_state, finished_at = clock_timestamp(), summary = ops.run_summary(p_run)
    where run_id = p_run
    returning summary into v_summary;
    if not found then
        raise exception using errcode = 'EM005', message = format('run %s is unknown', p_run);
    end if;
    return v_summary;
end
$$;
