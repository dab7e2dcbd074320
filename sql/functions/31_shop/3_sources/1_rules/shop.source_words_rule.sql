create or replace function shop.source_words_rule(p_name text, p_value text, p_limit integer) returns text
language sql immutable parallel safe
begin atomic
    -- Words that must be there: their code, or ''.
    select case when p_value is null then p_name || '_missing' else staging.words_rule(p_name, 'string', p_value, p_limit) end;
end;
