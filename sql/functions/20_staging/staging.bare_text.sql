create or replace function staging.bare_text(p_value text) returns text
language sql immutable parallel safe
begin atomic
    -- Without white space at both ends, Unicode's included; null when nothing is left. ASCII takes the cheaper half.
    select nullif(
        case when octet_length(p_value) = length(p_value) then btrim(p_value, E' \t\n\r\x0b\f')
            else btrim(p_value, E' \t\n\r\x0b\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff')
        end, '');
end;
