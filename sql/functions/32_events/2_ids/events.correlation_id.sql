create or replace function events.correlation_id(p_package_id uuid, p_ordinal integer) returns uuid
language sql immutable parallel safe
begin atomic
    -- The correlation id of a package's event; null for an ordinal that is not within 1 and 1048575. A UUIDv7: 48 bits of
    -- milliseconds, version and variant, 54 random bits, 20 bits of ordinal.
    select case when p_ordinal between 1 and 1048575 then
        (left(p_package_id::text, 31) || lpad(to_hex(p_ordinal), 5, '0'))::uuid
    end;
end;
