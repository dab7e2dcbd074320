create or replace function ops.end_session(p_member ops.kafka_member) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Ends the session that a loader landed by, if it is still that one: a loader frozen inside COPY is freed by nothing else.
-- Waits a moment for it to go. One that cannot be ended is left: it does not get past the fence.
begin
    if p_member.backend_pid <> pg_backend_pid() then
        perform pg_terminate_backend(a.pid, 2000)
        from pg_stat_activity a
        where a.pid = p_member.backend_pid and a.backend_start = p_member.backend_start;
    end if;
exception when insufficient_privilege then
    raise log 'session % of loader % cannot be ended: %', p_member.backend_pid, p_member.name, sqlerrm;
end
$$;
