create or replace function ops.dead_members(p_feed text, p_cluster text, p_but uuid) returns uuid[]
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- The loaders of a feed that are dead, other than p_but: their lease is out, or their session is gone. Ends the sessions
-- that are still there. To be called under ops.lock_sharing(), before any position is locked: a session that is ended may
-- hold one.
declare
    v_member ops.kafka_member%rowtype;
    v_dead uuid[] := array[]::uuid[];
begin
    for v_member in
        select m.* from ops.kafka_member m
        where m.feed = p_feed and m.cluster_id = p_cluster and m.member <> p_but
            and (m.lease_until < clock_timestamp() or not exists (
                select from pg_stat_activity a
                -- Both null where the owner may not see when sessions began: the number must do, and the lease.
                where a.pid = m.backend_pid and a.backend_start is not distinct from m.backend_start))
    loop
        perform ops.end_session(v_member);
        v_dead := v_dead || v_member.member;
    end loop;
    return v_dead;
end
$$;
