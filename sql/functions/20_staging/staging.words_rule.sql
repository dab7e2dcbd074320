create or replace function staging.words_rule(p_name text, p_type text, p_value text, p_limit integer) returns text
language sql immutable parallel safe
begin atomic
    -- A field of words that may be missing: its code, or ''. p_type is jsonb_typeof() of what was sent, p_value its text,
    -- p_name the field's name, which its codes begin with.
    select case
        when p_type is null or p_type = 'null' then ''
        when p_type <> 'string' then p_name || '_type'
        when p_value is null then ''
        when octet_length(p_value) > p_limit and length(p_value) > p_limit then p_name || '_too_long'
        when p_value collate "C" ~ '[\u0001-\u001f\u007f-\u009f]' then p_name || '_characters'
        else ''
    end;
end;
