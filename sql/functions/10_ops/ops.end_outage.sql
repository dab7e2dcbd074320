create or replace function ops.end_outage(p_carrier text, p_destination text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Books that a destination has answered.
begin
    delete from ops.outage where carrier = p_carrier and destination = p_destination;
    if found then
        perform ops.clear_alert('destination.away', p_carrier || ':' || p_destination);
    end if;
end
$$;
