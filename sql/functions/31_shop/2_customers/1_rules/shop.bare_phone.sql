create or replace function shop.bare_phone(p_phone text) returns text
language sql immutable parallel safe
begin atomic
    -- A telephone number without what is written for the eye: blanks, dots, dashes, slashes, brackets, and the (0) that
    -- stands between a country's code and the number; null when nothing is left. What is bare already is left alone.
    select case
        when p_phone like '+_______%' and shop.phone_rule(p_phone) = '' then p_phone
        else nullif(translate(
            case when p_phone like '%(0)%' and p_phone not like '(0)%' then replace(p_phone, '(0)', '') else p_phone end,
            E' .-/()[]\t\u00a0\u2007\u2009\u2010\u2011\u2012\u2013\u202f', ''), '')
    end;
end;
