create or replace function shop.folded_country(p_country text) returns text
language sql immutable parallel safe
begin atomic
    -- A country as it was written, in the form of shop.country_key.key: lower case, white space single, apostrophes straight.
    select case
        when p_country ~ '[\s\u00a0\u2000-\u200a\u202f\u3000]' or octet_length(p_country) <> length(p_country)
            then lower(regexp_replace(translate(p_country, E'\u2019\u2018\u02bc\u00b4`', ''''''''''''), '[\s\u00a0\u2000-\u200a\u202f\u3000]+', ' ', 'g'))
        else lower(p_country collate "C")
    end;
end;
