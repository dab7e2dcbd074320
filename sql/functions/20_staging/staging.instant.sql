create or replace function staging.instant(p_text text, p_read text) returns timestamptz
language sql stable parallel safe
begin atomic
    -- The time that a text says, ISO 8601 with an offset or Z and at most six decimals; null when it does not. p_read is
    -- staging.instant_text() of it. Cannot raise: what is cast is PostgreSQL's own output.
    select case
        when left(p_read, 19) = left(p_text, 19)
            and (p_text like '%Z' or right(p_read, 6) = right(p_text, 6) or p_text like '%-00:00')
            then p_read::timestamptz
    end;
end;
