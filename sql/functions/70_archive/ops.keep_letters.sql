create or replace function ops.keep_letters(p_batch ops.batch, p_filter jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Before a replay takes rejects of a batch (see ops.unreject): keeps the lines of those whose object is not delivered, so that it
-- will have the bytes it would have had. Sealing and booking a delivery wait for the replay where they would miss them.
-- Writes: ops.archive_kept
declare
    v_run bigint;
    v_from bigint;
    v_to bigint;
begin
    if coalesce(p_filter ->> 'disposition', 'rejected') not in ('rejected', 'any') then
        return;
    end if;
    -- First what is pending, then what is sealed: what is sealed meanwhile is in the second.
    for v_run in
        select run_id from ops.archive_pending where batch_id = p_batch.batch_id and kind = 'dead_letter' order by run_id for share
    loop
        perform ops.keep_lines(p_batch, p_filter, v_run, 0, 9223372036854775807);
    end loop;
    for v_run, v_from, v_to in
        select p.run_id, p.first_position, p.last_position
        from ops.archive_object o join ops.archive_piece p using (object_id)
        where p.batch_id = p_batch.batch_id and o.kind = 'dead_letter' and o.delivered_at is null
        order by o.object_id
        for share of o
    loop
        perform ops.keep_lines(p_batch, p_filter, v_run, v_from, v_to);
    end loop;
end
$$;
