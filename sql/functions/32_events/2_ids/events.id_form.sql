create or replace function events.id_form(p_text text) returns text
language sql immutable parallel safe
begin atomic
    -- How an id is written, in whatever case: uuid (8-4-4-4-12 hex digits; also in braces, after urn:uuid:, or 32 hex digits
    -- without a dash), ulid (26 digits of Crockford's base 32, at most 7ZZZZZZZZZZZZZZZZZZZZZZZZZ; without the letters I, L,
    -- O and U, which nobody writes who makes ULIDs), objectid (24 hex digits); '' for what is none, and for null.
    -- The lengths tell the three apart.
    select case octet_length(p_text)
        when 36 then case when p_text ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' then 'uuid' else '' end
        when 26 then case when p_text ~ '^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$' then 'ulid' else '' end
        when 24 then case when p_text ~ '^[0-9A-Fa-f]{24}$' then 'objectid' else '' end
        when 32 then case when p_text ~ '^[0-9A-Fa-f]{32}$' then 'uuid' else '' end
        when 38 then case when p_text ~ '^\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}$' then 'uuid' else '' end
        when 45 then case when p_text ~ '^[Uu][Rr][Nn]:[Uu][Uu][Ii][Dd]:[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' then 'uuid' else '' end
        else ''
    end;
end;
