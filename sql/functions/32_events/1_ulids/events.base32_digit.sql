create or replace function events.base32_digit(p_text text, p_at integer) returns bigint
language sql immutable parallel safe
begin atomic
    -- What the digit of Crockford's base 32 at a place stands for, in either case: lower case is 32 further on. For digits alone.
    select ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ----------abcdefghjkmnpqrstvwxyz', substr(p_text, p_at, 1)) - 1) & 31)::bigint;
end;
