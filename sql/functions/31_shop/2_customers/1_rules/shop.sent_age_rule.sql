create or replace function shop.sent_age_rule(p_type text, p_text text) returns text
language sql immutable parallel safe
begin atomic
    -- The age of a message, which may be missing: its code, or ''.
    select case
        when p_type is null or p_type = 'null' then ''
        when p_type <> 'number' or p_text like '%.%' then 'age_malformed'
        when octet_length(p_text) > 3 then 'age_impossible'
        else shop.age_rule(p_text::int)
    end;
end;
