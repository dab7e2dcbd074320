create or replace function ops.postpone_outbox(p_outbox bigint, p_error text, p_outage boolean) returns double precision
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Books a failed attempt, in the transaction that claimed the row, and gives the seconds until the next one: 1, 2, 4 and
-- so on to 300, less up to half so that many rows do not come due together.
--   p_error    names no values of records; cut to 500 characters
--   p_outage   true: the destination is away and the row is not to blame, so never more than 5 seconds
-- Errors: EM060 the outbox row is unknown or delivered
declare
    v_seconds double precision;
begin
    update ops.outbox
    set attempts = attempts + 1, last_error = left(p_error, 500),
        next_attempt_at = clock_timestamp()
            + least(2 ^ least(attempts, 20), case when p_outage then 5 else 300 end) * (0.5 + random() / 2) * interval '1 second'
    where outbox_id = p_outbox and state = 'waiting'
    returning extract(epoch from next_attempt_at - clock_timestamp()) into v_seconds;
    if not found then
        raise exception using errcode = 'EM060', message = format('outbox row %s does not wait for delivery', p_outbox),
            hint = 'another relay delivered it: nothing to do';
    end if;
    return v_seconds;
end
$$;
