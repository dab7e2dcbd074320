create or replace function ops.complete_document_run(p_run bigint, p_added bigint, p_removed bigint, p_repaired bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Books that a run's documents were read back and are the set.
-- Writes: ops.document_run
-- Errors: EM412 no such run that is under way, or a newer one has begun
begin
    update ops.document_run r
    set added = p_added, removed = p_removed, repaired = p_repaired, completed_at = clock_timestamp()
    where r.run_id = p_run and r.completed_at is null
        and not exists (select from ops.document_run n where n.destination = r.destination and n.run_id > r.run_id);
    if not found then
        raise exception using errcode = 'EM412', message = format('run %s of documents is not under way, or a newer one has begun', p_run),
            hint = 'nothing to do: the newer one completes the set';
    end if;
end
$$;
