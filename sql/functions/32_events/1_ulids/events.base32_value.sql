create or replace function events.base32_value(p_text text, p_from integer) returns bigint
language sql immutable parallel safe
begin atomic
    -- The number that 8 digits of Crockford's base 32 stand for, from place p_from on.
    select (events.base32_digit(p_text, p_from) << 35)
        | (events.base32_digit(p_text, p_from + 1) << 30)
        | (events.base32_digit(p_text, p_from + 2) << 25)
        | (events.base32_digit(p_text, p_from + 3) << 20)
        | (events.base32_digit(p_text, p_from + 4) << 15)
        | (events.base32_digit(p_text, p_from + 5) << 10)
        | (events.base32_digit(p_text, p_from + 6) << 5)
        | events.base32_digit(p_text, p_from + 7);
end;
