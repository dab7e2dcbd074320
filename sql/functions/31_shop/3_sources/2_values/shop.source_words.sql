create or replace function shop.source_words(p_value text, p_limit integer) returns text
language sql immutable parallel safe
begin atomic
    -- Words where they can be used, else null.
    select case when staging.words_rule('', 'string', p_value, p_limit) = '' then p_value end;
end;
