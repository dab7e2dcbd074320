create or replace function ops.measure_pending(p_records bigint, p_days integer) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Measures what waits for an object of the archive and has not been, oldest first: how many records there are, from which
-- position to which, how many bytes their lines will have. What has nothing left (its day is dropped) goes. What a replay has
-- its hands on is left for later.
--   p_records   goes on until so many are measured
--   p_days      or, together with that, until so many days have been looked into: what had been promoted before there was an archive
--               is looked for in all of them
-- Writes: ops.archive_pending
declare
    v_row ops.archive_pending;
    v_days tstzrange;
    v_look integer;  -- days that a row is looked for in
    v_spent numeric := 0;
begin
    for v_row in
        select p.*
        from ops.archive_pending p join ops.batch b using (batch_id)
        where p.bytes is null
        order by p.posted_at, p.batch_id, p.run_id
        for update of p skip locked
        for key share of b skip locked
    loop
        if v_row.kind = 'event' and v_row.first_at is not null
            and not v_days @> tstzrange(v_row.first_at, v_row.last_at, '[]') is true then
            perform ops.summarize_events(v_row.first_at, v_row.last_at);
            v_days := range_merge(coalesce(v_days, 'empty'), tstzrange(v_row.first_at, v_row.last_at, '[]'));
        end if;
        v_look := case v_row.kind when 'event' then (select count(*) from ops.event_partitions(v_row.first_at, v_row.last_at)) else 1 end;
        select count(*), min(s.position), max(s.position), sum(s.bytes), min(s.at), max(s.at)
        into v_row.records, v_row.first_position, v_row.last_position, v_row.bytes, v_row.first_at, v_row.last_at
        from ops.archive_sizes(v_row) s;
        if v_row.records = 0 then
            delete from ops.archive_pending p where (p.batch_id, p.run_id, p.kind) = (v_row.batch_id, v_row.run_id, v_row.kind);
            continue;
        end if;
        update ops.archive_pending p
        set records = v_row.records, first_position = v_row.first_position, last_position = v_row.last_position,
            bytes = v_row.bytes, first_at = v_row.first_at, last_at = v_row.last_at
        where (p.batch_id, p.run_id, p.kind) = (v_row.batch_id, v_row.run_id, v_row.kind);
        v_spent := v_spent + v_row.records::numeric / p_records + v_look::numeric / p_days;
        exit when v_spent >= 1;
    end loop;
end
$$;
