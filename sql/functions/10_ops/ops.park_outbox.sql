create or replace function ops.park_outbox(p_outbox bigint, p_error text, p_alert text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Books a failed attempt of a row that no further one will help, in the transaction that claimed it: it is parked at once,
-- until ops.resume_outbox().
--   p_error   names no values of records; cut to 500 characters
--   p_alert   outbox.parked; object.differs: another object lies under its key
-- Errors: EM060 the outbox row is unknown or delivered, EM062 no such alert of such a row
declare
    v_row ops.outbox;
begin
    update ops.outbox o
    set attempts = o.attempts + 1, refusals = o.refusals + 1, last_error = left(p_error, 500)
    where o.outbox_id = p_outbox and o.state = 'waiting'
    returning * into v_row;
    if not found then
        raise exception using errcode = 'EM060', message = format('outbox row %s does not wait for delivery', p_outbox),
            hint = 'another relay delivered it: nothing to do';
    end if;
    if p_alert not in ('outbox.parked', 'object.differs') or p_alert = 'object.differs' and v_row.object_id is null then
        raise exception using errcode = 'EM062', message = format('alert %s is none of outbox row %s', p_alert, p_outbox),
            hint = 'outbox.parked, and for objects object.differs';
    end if;
    perform ops.put_aside(v_row, p_alert);
    if p_alert = 'object.differs' then  -- so the store has answered
        perform ops.end_outage(v_row.carrier, v_row.destination);
    end if;
end
$$;
