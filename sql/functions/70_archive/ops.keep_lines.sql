create or replace function ops.keep_lines(p_batch ops.batch, p_filter jsonb, p_run bigint, p_from bigint, p_to bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Keeps the archive's lines of the rejects that a replay's filter names, of a run and between two positions.
declare
    v_position bigint := (p_filter ->> 'position')::bigint;
begin
    if (p_filter ->> 'run_id')::bigint <> p_run or v_position not between p_from and p_to then
        return;
    end if;
    insert into ops.archive_kept (batch_id, run_id, position, line)
    select p_batch.batch_id, p_run, l.position, l.line
    from ops.letter_lines(p_batch.batch_id, p_run, coalesce(v_position, p_from), coalesce(v_position, p_to)) l
    join staging.reject r on r.received_on = p_batch.received_on and r.batch_id = p_batch.batch_id and r.position = l.position
    where r.run_id = p_run and r.disposition = 'rejected'
        and (p_filter ->> 'code' is null or r.codes @> array[p_filter ->> 'code']);
end
$$;
