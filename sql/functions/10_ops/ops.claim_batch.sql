create or replace function ops.claim_batch(p_batch bigint) returns ops.batch
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Locks a landed batch until the end of the transaction.
-- Errors: EM001 batch is unknown, EM002 batch is promoted already
declare
    v_batch ops.batch%rowtype;
begin
    select * into v_batch from ops.batch where batch_id = p_batch for update;
    if not found then
        raise exception using errcode = 'EM001', message = format('batch %s is unknown', p_batch),
            hint = 'see ops.batch; a batch is there once its transaction is committed';
    elsif v_batch.state <> 'landed' then
        raise exception using errcode = 'EM002', message = format('batch %s is promoted already', p_batch),
            hint = 'rejects of a promoted batch are judged again by ops.replay()';
    end if;
    return v_batch;
end
$$;
