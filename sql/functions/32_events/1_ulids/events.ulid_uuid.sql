create or replace function events.ulid_uuid(p_text text) returns uuid
language sql immutable parallel safe
begin atomic
    -- The 128 bits of a ULID, as they are. For what events.id_form() calls a ulid: 2 digits hold the first byte, and three
    -- times 8 digits 5 bytes.
    select (lpad(to_hex((events.base32_digit(p_text, 1) << 5) | events.base32_digit(p_text, 2)), 2, '0')
        || lpad(to_hex(events.base32_value(p_text, 3)), 10, '0')
        || lpad(to_hex(events.base32_value(p_text, 11)), 10, '0')
        || lpad(to_hex(events.base32_value(p_text, 19)), 10, '0'))::uuid;
end;
