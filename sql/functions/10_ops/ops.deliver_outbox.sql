create or replace function ops.deliver_outbox(p_outbox bigint, p_messages bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Books an outbox row as delivered, once each of its messages was acknowledged; in the transaction that claimed it. What a
-- message held goes. Its destination answers, so an alert that it is away is cleared. Objects: see ops.deliver_object().
-- Errors: EM060 the outbox row is unknown or delivered, or an object that is not
declare
    v_row ops.outbox;
begin
    update ops.outbox o
    set state = 'delivered', delivered = p_messages, delivered_at = clock_timestamp(), parked_at = null
    where o.outbox_id = p_outbox and o.state = 'waiting' and (o.object_id is null or exists (
        select from ops.archive_object a where a.object_id = o.object_id and a.delivered_at is not null))
    returning * into v_row;
    if not found then
        raise exception using errcode = 'EM060', message = format('outbox row %s does not wait for delivery', p_outbox),
            hint = 'another relay delivered it: nothing to do';
    end if;
    if v_row.kind = 'message' then
        delete from ops.outbox_message m where m.outbox_id = p_outbox;
    end if;
    perform ops.end_outage(v_row.carrier, v_row.destination);
end
$$;
