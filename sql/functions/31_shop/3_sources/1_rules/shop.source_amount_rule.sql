create or replace function shop.source_amount_rule(p_name text, p_text text, p_decimals integer) returns text
language sql immutable parallel safe
begin atomic
    -- An amount as text: its code, or '' where shop.source_amount() gives it. p_decimals is how many there may be behind the
    -- point; zeros at the end do not count.
    select case
        when p_text is null then p_name || '_missing'
        when not p_text collate "C" ~ '^-?[0-9]+(\.[0-9]+)?$' then p_name || '_malformed'
        when p_text like '-%' and translate(p_text, '-0.', '') <> '' then p_name || '_negative'
        when length(ltrim(split_part(p_text, '.', 1), '-0')) > 12 then p_name || '_out_of_range'
        when length(rtrim(split_part(p_text, '.', 2), '0')) > p_decimals then p_name || '_too_fine'
        else ''
    end;
end;
