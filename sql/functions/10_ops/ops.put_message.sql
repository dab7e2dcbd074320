create or replace function ops.put_message(
    p_carrier text, p_destination text, p_key text, p_headers text[], p_content_type text, p_payload bytea
) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Writes a message into the outbox; gives its row. Messages of one destination and key leave in the order in which their
-- transactions commit: each waits for the one before.
declare
    v_outbox bigint;
begin
    if p_key is not null then
        perform pg_advisory_xact_lock(hashtextextended(concat_ws(chr(1), 'outbox', p_carrier, p_destination, p_key), 0));
    end if;
    insert into ops.outbox (kind, carrier, destination, messages, message_key)
    values ('message', p_carrier, p_destination, 1, p_key)
    returning outbox_id into v_outbox;
    insert into ops.outbox_message (outbox_id, payload, headers, content_type)
    values (v_outbox, p_payload, p_headers, p_content_type);
    return v_outbox;
end
$$;
