create or replace function membership.date_digits(p_date text, p_format text) returns text
language sql immutable parallel safe
begin atomic
    -- YYYYMMDD of a date in one of the formats of membership.date_format(); '' without a format.
    -- Whether these are digits, and a day of the calendar, is for membership.birthday_rule() to say.
    select case
        when p_format in ('YYYY-MM-DD', 'YYYY/MM/DD', 'YYYY.MM.DD')
            then left(p_date, 4) || substr(p_date, 6, 2) || right(p_date, 2)
        when p_format in ('MM/DD/YYYY', 'MM-DD-YYYY', 'MM.DD.YYYY')
            then right(p_date, 4) || left(p_date, 2) || substr(p_date, 4, 2)
        when p_format in ('DD-MM-YYYY', 'DD/MM/YYYY', 'DD.MM.YYYY')
            then right(p_date, 4) || substr(p_date, 4, 2) || left(p_date, 2)
        when p_format = 'YYYYMMDD' then p_date
        else ''
    end;
end;
