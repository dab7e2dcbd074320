create or replace function shop.source_key_rule(p_name text, p_value text) returns text
language sql immutable parallel safe
begin atomic
    -- A key of a record, its own or another's: its code, or ''.
    select case
        when p_value is null then p_name || '_missing'
        when staging.words_rule('', 'string', p_value, 100) <> '' then p_name || '_malformed'
        else ''
    end;
end;
