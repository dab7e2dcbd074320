create or replace function ops.archive_sizes(p_pending ops.archive_pending)
returns table ("position" bigint, bytes bigint, at timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- Of what was posted to the archive each record: where it is, how many bytes its line has with its end (of events that or a
-- little more), of events when it happened. In no order.
begin
    if p_pending.kind = 'event' then
        return query
            select s.position, s.bytes, s.at
            from ops.event_sizes(p_pending.batch_id, p_pending.run_id, p_pending.first_at, p_pending.last_at) s;
    else
        return query
            select l.position, octet_length(l.line)::bigint + 1, null::timestamptz
            from ops.letter_lines(p_pending.batch_id, p_pending.run_id, 0, 9223372036854775807) l;
    end if;
end
$$;
