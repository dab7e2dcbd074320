create or replace function ops.postpone_outbox(
    p_outbox bigint, p_error text, p_outage boolean, out seconds double precision, out parked boolean
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Books a failed attempt, in the transaction that claimed the row, and gives the seconds until the next one: 1, 2, 4 and
-- so on to 300, less up to half so that many rows do not come due together. A row that has been refused outbox.attempts times
-- is parked, with an alert; a destination that is away for outbox.alert_after raises one, too.
--   p_error    names no values of records; cut to 500 characters
--   p_outage   true: the destination is away and the row is not to blame, so never more than 5 seconds, and never parked
-- Errors: EM060 the outbox row is unknown or delivered
declare
    v_row ops.outbox;
    v_since timestamptz;
begin
    update ops.outbox o
    set attempts = o.attempts + 1, refusals = o.refusals + case when p_outage then 0 else 1 end, last_error = left(p_error, 500),
        next_attempt_at = clock_timestamp()
            + least(2 ^ least(o.attempts, 20), case when p_outage then 5 else 300 end) * (0.5 + random() / 2) * interval '1 second'
    where o.outbox_id = p_outbox and o.state = 'waiting'
    returning * into v_row;
    if not found then
        raise exception using errcode = 'EM060', message = format('outbox row %s does not wait for delivery', p_outbox),
            hint = 'another relay delivered it: nothing to do';
    end if;
    seconds := extract(epoch from v_row.next_attempt_at - clock_timestamp());
    parked := false;
    if p_outage then
        insert into ops.outage (carrier, destination) values (v_row.carrier, v_row.destination)
        on conflict on constraint outage_pkey do nothing;
        select since into v_since from ops.outage where carrier = v_row.carrier and destination = v_row.destination;
        if clock_timestamp() - v_since >= ops.setting_value('outbox.alert_after')::interval then
            perform ops.raise_alert('destination.away', v_row.carrier || ':' || v_row.destination,
                format('%s %s is away: %s', v_row.carrier, v_row.destination, left(p_error, 500)));
        end if;
        return;
    end if;
    perform ops.end_outage(v_row.carrier, v_row.destination);
    if v_row.refusals >= ops.setting_value('outbox.attempts')::integer then
        perform ops.put_aside(v_row, 'outbox.parked');
        parked := true;
    end if;
end
$$;
