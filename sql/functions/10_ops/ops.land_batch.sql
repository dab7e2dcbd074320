create or replace function ops.land_batch(
    p_batch bigint, p_feed text, p_slot smallint, p_received_on date, p_run bigint, p_file bigint,
    p_from bigint, p_to bigint, p_received bigint
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Books rows that the same transaction has copied into staging, and moves the file on from p_from to p_to records.
-- The move is a compare-and-set and comes last in the transaction: of two loaders on one file only one gets through, and
-- a loader that was frozen, replaced and set going again fails here.
-- Errors: EM020 another loader has moved the file on
begin
    insert into ops.batch (batch_id, feed, slot, received_on, run_id, source_file_id, received)
    values (p_batch, p_feed, p_slot, p_received_on, p_run, p_file, p_received);

    update ops.source_file set landed_records = p_to
    where source_file_id = p_file and feed = p_feed and landed_records = p_from and state = 'loading' and p_to = p_from + p_received;
    if not found then
        raise exception using errcode = 'EM020',
            message = format('another loader has moved file %s on', p_file),
            detail = format('expected record %s; the file stands at %s', p_from,
                (select format('%s, %s', landed_records, state) from ops.source_file where source_file_id = p_file)),
            hint = 'nothing to do: the other loader finishes the file';
    end if;
end
$$;
