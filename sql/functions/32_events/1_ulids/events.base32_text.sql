create or replace function events.base32_text(p_value bigint) returns text
language sql immutable parallel safe
begin atomic
    -- 40 bits as 8 digits of Crockford's base 32; the other half of events.base32_value().
    select substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_value >> 35) & 31)::integer + 1, 1)
        || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_value >> 30) & 31)::integer + 1, 1)
        || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_value >> 25) & 31)::integer + 1, 1)
        || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_value >> 20) & 31)::integer + 1, 1)
        || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_value >> 15) & 31)::integer + 1, 1)
        || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_value >> 10) & 31)::integer + 1, 1)
        || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_value >> 5) & 31)::integer + 1, 1)
        || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_value >> 0) & 31)::integer + 1, 1);
end;
