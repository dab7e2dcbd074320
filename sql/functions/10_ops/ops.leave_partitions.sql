create or replace function ops.leave_partitions(p_member uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- A loader goes: its partitions are free for others at once. Nothing happens when it is not there any more.
declare
    v_member ops.kafka_member%rowtype;
begin
    select * into v_member from ops.kafka_member where member = p_member;
    if found then
        perform ops.lock_sharing(v_member.feed, v_member.cluster_id);
        perform ops.assign_partitions(v_member.feed, v_member.cluster_id, array(
            select partition from ops.kafka_position where owner = p_member), null);
        delete from ops.kafka_member where member = p_member;
    end if;
end
$$;
