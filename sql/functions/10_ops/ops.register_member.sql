create or replace function ops.register_member(p_feed text, p_cluster text, p_member uuid, p_name text, p_backend integer)
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Enters a loader, or renews its lease; one that comes with another session than before has its old one ended. Only a
-- session of the caller's own login counts: nobody can have somebody else's ended by naming it.
declare
    v_start timestamptz;
    v_before ops.kafka_member%rowtype;
begin
    -- What pg_stat_activity shows is kept until the end of a transaction, which may have begun long ago.
    perform pg_stat_clear_snapshot();
    select backend_start into v_start from pg_stat_activity where pid = p_backend and usename = session_user;
    insert into ops.kafka_cluster (cluster_id) values (p_cluster) on conflict on constraint kafka_cluster_pkey do nothing;

    select * into v_before from ops.kafka_member where member = p_member;
    if (v_before.backend_pid, v_before.backend_start) is distinct from (p_backend, v_start) then
        perform ops.end_session(v_before);
    end if;
    insert into ops.kafka_member (member, feed, cluster_id, name, backend_pid, backend_start, lease_until)
    values (p_member, p_feed, p_cluster, p_name, p_backend, v_start, clock_timestamp() + ops.setting_value('kafka.lease')::interval)
    on conflict on constraint kafka_member_pkey do update
    set name = excluded.name, backend_pid = excluded.backend_pid, backend_start = excluded.backend_start,
        lease_until = excluded.lease_until;
end
$$;
