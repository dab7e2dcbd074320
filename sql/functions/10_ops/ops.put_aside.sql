create or replace function ops.put_aside(p_row ops.outbox, p_alert text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Parks an outbox row, whose last_error says why, and raises the alert.
begin
    update ops.outbox set parked_at = clock_timestamp() where outbox_id = p_row.outbox_id;
    perform ops.raise_alert(p_alert,
        case p_alert when 'object.differs' then (select object_key from ops.archive_object where object_id = p_row.object_id)
            else p_row.carrier || ':' || p_row.destination end,
        format('outbox row %s to %s %s is parked: %s', p_row.outbox_id, p_row.carrier, p_row.destination, p_row.last_error));
end
$$;
