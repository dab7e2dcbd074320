create or replace function shop.folded_country(p_country text) returns text
language sql immutable parallel safe
begin atomic
    -- A country as it was written, in the form of shop.country_key.key: lower case, white space single, apostrophes straight.
    -- What is plain ASCII with single blanks, nearly all, is spared the regular expression.
    select case
        when octet_length(p_country) = length(p_country) and p_country not like '%  %' and p_country not like E'%\t%'
            and p_country not like E'%\n%' and p_country not like E'%\r%' and p_country not like '%`%'
            then lower(p_country collate "C")
        else lower(regexp_replace(translate(p_country, E'\u2019\u2018\u02bc\u00b4`', ''''''''''''),
            '[\s\u00a0\u2000-\u200a\u202f\u3000]+', ' ', 'g'))
    end;
end;
