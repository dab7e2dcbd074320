create or replace function shop.calendar_day(p_text text) returns date
language sql immutable parallel safe
begin atomic
    -- The day that a text YYYY-MM-DD says, null when it does not. Cannot raise.
    select case
        when p_text like '____-__-__' and octet_length(p_text) = 10 and translate(p_text, '0123456789', '') = '--'
            and p_text not like '0000%' and membership.is_calendar_day(replace(p_text, '-', ''))
            then make_date(left(p_text, 4)::int, substr(p_text, 6, 2)::int, right(p_text, 2)::int)
    end;
end;
