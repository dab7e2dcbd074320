create or replace function events.kept_instant(p_text text) returns text
language sql immutable parallel safe
begin atomic
    -- What must be kept beside a time, so that it is given as it was sent: nothing (null) where events.instant_text() of the
    -- time gives it: UTC, written Z, with milliseconds, or microseconds that milliseconds do not hold. Else the text itself.
    -- For texts that staging.instant() can read.
    select case
        when p_text like '____-__-__T__:__:__.___Z' then null
        when p_text like '____-__-__T__:__:__.______Z' and p_text not like '%000Z' then null
        else p_text
    end;
end;
