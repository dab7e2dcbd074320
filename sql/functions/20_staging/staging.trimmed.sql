create or replace function staging.trimmed(p_value text) returns text
language sql immutable parallel safe
begin atomic
    -- Without white space at both ends, no-break spaces included.
    select btrim(p_value, E' \t\n\r\x0b\f\u00a0');
end;
