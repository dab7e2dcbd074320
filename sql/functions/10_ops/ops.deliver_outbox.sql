create or replace function ops.deliver_outbox(p_outbox bigint, p_messages bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Books an outbox row as delivered, once each of its messages was acknowledged; in the transaction that claimed it.
-- Errors: EM060 the outbox row is unknown or delivered
begin
    update ops.outbox
    set state = 'delivered', delivered = p_messages, delivered_at = clock_timestamp()
    where outbox_id = p_outbox and state = 'waiting';
    if not found then
        raise exception using errcode = 'EM060', message = format('outbox row %s does not wait for delivery', p_outbox),
            hint = 'another relay delivered it: nothing to do';
    end if;
end
$$;
