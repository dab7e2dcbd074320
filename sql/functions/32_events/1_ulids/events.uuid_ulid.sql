create or replace function events.uuid_ulid(p_hex text) returns text
language sql immutable parallel safe
begin atomic
    -- The ULID of 128 bits, given as 32 hex digits; the other half of events.ulid_uuid().
    select substr(events.base32_text(('x' || substr(p_hex, 1, 2))::bit(8)::integer), 7, 2)
        || events.base32_text(('x' || substr(p_hex, 3, 10))::bit(40)::bigint)
        || events.base32_text(('x' || substr(p_hex, 13, 10))::bit(40)::bigint)
        || events.base32_text(('x' || substr(p_hex, 23, 10))::bit(40)::bigint);
end;
