create or replace function shop.source_whole(p_text text) returns bigint
language sql immutable parallel safe
begin atomic
    -- The whole number that a text says, null when it says none; one of more than 18 digits is 10^18 of its sign: out of any
    -- range that is asked for. Cannot raise.
    select case
        when not p_text collate "C" ~ '^-?[0-9]+$' then null
        when octet_length(ltrim(p_text, '-0')) > 18 then case when p_text like '-%' then -1000000000000000000 else 1000000000000000000 end
        else (case when p_text like '-%' then '-' else '' end || coalesce(nullif(ltrim(p_text, '-0'), ''), '0'))::bigint
    end;
end;
