create or replace function membership.is_calendar_day(p_digits text) returns boolean
language sql immutable parallel safe
begin atomic
    -- True when eight digits YYYYMMDD are a day of the (proleptic Gregorian) calendar. Cannot raise, unlike make_date.
    select case
        when (substr(p_digits, 5, 2) collate "C") not between '01' and '12' then false
        when (right(p_digits, 2) collate "C") between '01' and '28' then true
        when right(p_digits, 2) in ('29', '30') and substr(p_digits, 5, 2) <> '02' then true
        when right(p_digits, 2) = '31' then substr(p_digits, 5, 2) in ('01', '03', '05', '07', '08', '10', '12')
        when right(p_digits, 4) = '0229'
            then left(p_digits, 4)::int % 4 = 0 and (left(p_digits, 4)::int % 100 <> 0 or left(p_digits, 4)::int % 400 = 0)
        else false
    end;
end;
