create or replace function ops.post_message(
    p_carrier text, p_destination text, p_payload bytea, p_key text default null, p_headers text[] default '{}',
    p_content_type text default 'application/json'
) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Posts a message that a relay delivers at least once after commit; gives its row of the outbox.
--   p_carrier       kafka, p_destination then is a topic; webhook: the name of one that takes kind message
--   p_payload       at most 1 MiB
--   p_key           messages of one destination and key arrive in the order of their commits; the key of the Kafka message
--   p_headers       names and values in turn
--   p_content_type  of a webhook's body
-- Errors: EM062 the message cannot be posted, EM063 no such webhook
begin
    if p_carrier = 'webhook' then
        if not exists (select from ops.webhook where webhook = p_destination and kinds @> '{message}') then
            raise exception using errcode = 'EM063', message = format('there is no webhook %s that takes messages', p_destination),
                hint = 'emporium relay webhooks add NAME URL --on message';
        end if;
    elsif p_carrier is distinct from 'kafka' or p_destination !~ '^[a-zA-Z0-9._-]{1,249}$' or p_destination is null then
        raise exception using errcode = 'EM062', message = 'a message goes to a Kafka topic or to a webhook',
            detail = format('carrier %L, destination %L', left(p_carrier, 40), left(p_destination, 300)),
            hint = 'carrier kafka and a topic''s name, or carrier webhook and a webhook''s';
    end if;
    if p_payload is null or octet_length(p_payload) > 1048576 or octet_length(p_key) not between 1 and 1024
        or p_headers is null or cardinality(p_headers) % 2 <> 0 or p_content_type !~ '^[ -~]{1,200}$' or p_content_type is null then
        raise exception using errcode = 'EM062', message = 'the message cannot be posted',
            detail = format('payload of %s bytes, key of %s, %s names and values of headers', octet_length(p_payload),
                octet_length(p_key), cardinality(p_headers)),
            hint = 'at most 1 MiB, a key of 1 to 1024 bytes or none, headers as names and values in turn, a content type in ASCII';
    end if;
    return ops.put_message(p_carrier, p_destination, p_key, p_headers, p_content_type, p_payload);
end
$$;
