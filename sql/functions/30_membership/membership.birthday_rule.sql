create or replace function membership.birthday_rule(
    p_date text, p_digits text, p_earliest text, p_born_before text
) returns text
language sql immutable parallel safe
begin atomic
    -- p_date as it was sent; p_digits its YYYYMMDD; the policy's bounds as YYYYMMDD, too (strings of equal length
    -- compare as dates do).
    select case
        when p_date is null or p_date = '' then 'date_of_birth_missing'
        when octet_length(p_digits) <> 8 or translate(p_digits, '0123456789', '') <> '' then 'date_of_birth_format'
        when not membership.is_calendar_day(p_digits) then 'date_of_birth_impossible'
        when p_digits collate "C" < p_earliest then 'date_of_birth_implausible'
        when p_digits collate "C" >= p_born_before then 'not_over_18'
        else ''
    end;
end;
