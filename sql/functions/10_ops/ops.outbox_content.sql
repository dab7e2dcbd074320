create or replace function ops.outbox_content(p_outbox bigint)
returns table (payload bytea, headers text[], content_type text, created_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
-- What a waiting outbox row of kind message holds.
-- Errors: EM060 the outbox row is unknown, of another kind, or delivered
begin
    return query
        select m.payload, m.headers, m.content_type, o.created_at
        from ops.outbox o join ops.outbox_message m using (outbox_id)
        where o.outbox_id = p_outbox and o.state = 'waiting';
    if not found then
        raise exception using errcode = 'EM060', message = format('outbox row %s has no message that waits', p_outbox),
            hint = 'another relay delivered it: nothing to do';
    end if;
end
$$;
