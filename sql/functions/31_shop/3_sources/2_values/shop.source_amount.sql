create or replace function shop.source_amount(p_text text, p_decimals integer) returns numeric
language sql immutable parallel safe
begin atomic
    -- The amount that a text says, null where shop.source_amount_rule() has a code for it. Cannot raise: of a text that is longer
    -- than any amount, zeros at both ends, of which there may be a million, do not reach the cast.
    select case
        when shop.source_amount_rule('', p_text, p_decimals) <> '' then null
        when octet_length(p_text) <= 40 then abs(p_text::numeric)
        else (coalesce(nullif(ltrim(split_part(p_text, '.', 1), '-0'), ''), '0') || '.'
            || rtrim(split_part(p_text, '.', 2), '0') || '0')::numeric
    end;
end;
