create or replace function ops.resume_outbox(p_outbox bigint default null) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Has a parked outbox row tried again now, or all of them; gives their number. It may be refused as often as a new one. Alerts
-- about what is parked no more are cleared.
-- Errors: EM061 the outbox row is not parked
declare
    v_row ops.outbox;
    v_rows bigint := 0;
begin
    for v_row in
        update ops.outbox o
        set parked_at = null, refusals = 0, next_attempt_at = clock_timestamp()
        where o.state = 'waiting' and o.parked_at is not null and (p_outbox is null or o.outbox_id = p_outbox)
        returning *
    loop
        v_rows := v_rows + 1;
        if v_row.object_id is not null then
            perform ops.clear_alert('object.differs', object_key) from ops.archive_object where object_id = v_row.object_id;
        end if;
        if not exists (
            select from ops.outbox
            where state = 'waiting' and carrier = v_row.carrier and destination = v_row.destination and parked_at is not null
        ) then
            perform ops.clear_alert('outbox.parked', v_row.carrier || ':' || v_row.destination);
        end if;
    end loop;
    if v_rows = 0 and p_outbox is not null then
        raise exception using errcode = 'EM061', message = format('outbox row %s is not parked', p_outbox),
            hint = 'select outbox_id from ops.outbox where parked_at is not null';
    end if;
    return v_rows;
end
$$;
