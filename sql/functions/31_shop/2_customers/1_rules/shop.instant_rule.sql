create or replace function shop.instant_rule(
    p_name text, p_text text, p_time timestamptz, p_earliest timestamptz, p_latest timestamptz
) returns text
language sql immutable parallel safe
begin atomic
    -- A time in a customer message: its code, or ''. p_text as it was sent, p_time what staging.instant() made of it.
    select case
        when p_text is null then ''
        when p_time is null then p_name || '_malformed'
        when p_time > p_latest then p_name || '_in_future'
        when p_time < p_earliest then p_name || '_too_old'
        else ''
    end;
end;
