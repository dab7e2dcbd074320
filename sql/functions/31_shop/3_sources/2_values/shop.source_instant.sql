create or replace function shop.source_instant(p_text text, p_zone text) returns timestamptz
language sql stable parallel safe
begin atomic
    -- The time that a text says: YYYY-MM-DD HH:MM:SS with up to six decimals in the time zone p_zone, or ISO 8601 with an offset or
    -- Z. Null for a day alone and for anything else. Cannot raise. An hour that summer time leaves out is the one after it, one
    -- that comes twice is the second.
    select case
        when p_text like '____-__-__ __:__:__%' then
            case
                when octet_length(p_text) <= 26 and shop.calendar_day(left(p_text, 10)) is not null
                    and substr(p_text, 11) collate "C" ~ '^ (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?$'
                    then p_text::timestamp at time zone p_zone
            end
        when p_text like '____-__-__T%' then staging.instant(p_text, staging.instant_text(to_jsonb(p_text), p_text))
    end;
end;
