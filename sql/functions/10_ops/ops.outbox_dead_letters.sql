create or replace function ops.outbox_dead_letters(p_batch bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Posts the rejects of a batch to its feed's dead-letter topic: one outbox row a batch, in the transaction that made
-- the rejects. Nothing for feeds without such a topic, and nothing for dead letters that came back in (origin is set):
-- they have been there. A batch is posted once: what a replay of it rejects again has been sent, or is sent by the row
-- that still waits.
-- Reads:  staging.reject
-- Writes: ops.outbox
declare
    v_batch record;
    v_messages bigint;
begin
    select b.received_on, f.dead_letter_topic into strict v_batch
    from ops.batch b join ops.feed f using (feed)
    where b.batch_id = p_batch;
    if v_batch.dead_letter_topic is null then
        return;
    end if;
    select count(*) into v_messages
    from staging.reject
    where received_on = v_batch.received_on and batch_id = p_batch and disposition = 'rejected' and origin is null;
    if v_messages > 0 then
        insert into ops.outbox (kind, carrier, destination, batch_id, messages)
        values ('dead_letter', 'kafka', v_batch.dead_letter_topic, p_batch, v_messages)
        on conflict on constraint outbox_kind_batch_id_key do nothing;
    end if;
end
$$;
