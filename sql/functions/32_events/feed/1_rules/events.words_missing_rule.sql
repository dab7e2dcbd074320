create or replace function events.words_missing_rule(p_name text, p_type text, p_value text, p_limit integer) returns text
language sql immutable parallel safe
begin atomic
    -- A field of words that must be there: its code, or ''. As staging.words_rule().
    select case when coalesce(p_type, 'null') = 'null' or p_value = '' then p_name || '_missing'
        else staging.words_rule(p_name, p_type, p_value, p_limit) end;
end;
