create or replace function ops.seal_archive(p_flush boolean default false) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Makes objects of the archive of what was posted to it; gives how many. An object is made when it is full, or when the oldest
-- in it has waited for archive.object.age. It holds records of one kind, feed and day of landing. About 50 a call, so call
-- again until it gives 0; 0 too while another session is at it.
--   p_flush   true: whatever there is, at once
-- Writes: ops.archive_object, ops.archive_piece, ops.outbox, ops.archive_pending
declare
    v_records bigint := ops.setting_value('archive.object.records')::bigint;
    v_bytes bigint := ops.setting_value('archive.object.bytes')::bigint;
    v_before timestamptz := case when p_flush then 'infinity'
        else clock_timestamp() - ops.setting_value('archive.object.age')::interval end;
    v_group record;
    v_objects integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('ops.seal_archive', 0)) then
        return 0;
    end if;
    perform ops.measure_pending(10 * v_records, 5000);
    for v_group in
        select p.kind, p.feed, p.day, min(p.posted_at) <= v_before as due
        from ops.archive_pending p
        where p.bytes is not null
        group by p.kind, p.feed, p.day
        having min(p.posted_at) <= v_before or sum(p.records) >= v_records or sum(p.bytes) >= v_bytes
        order by min(p.posted_at), p.kind, p.feed, p.day
    loop
        exit when v_objects >= 50;
        v_objects := v_objects
            + ops.seal_group(v_group.kind, v_group.feed, v_group.day, v_group.due, v_records, v_bytes, 50 - v_objects);
    end loop;
    return v_objects;
end
$$;
