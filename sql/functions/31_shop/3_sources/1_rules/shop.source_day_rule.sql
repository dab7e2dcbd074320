create or replace function shop.source_day_rule(p_name text, p_text text, p_day date, p_earliest date, p_latest date) returns text
language sql immutable parallel safe
begin atomic
    -- A day or time of a record: its code, or ''. p_text as it was sent, p_day the day that was made of it.
    select case
        when p_text is null then ''
        when p_day is null then p_name || '_malformed'
        when p_day > p_latest then p_name || '_in_future'
        when p_day < p_earliest then p_name || '_too_old'
        else ''
    end;
end;
