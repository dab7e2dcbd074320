create or replace function staging.instant_text(p_value jsonb, p_text text) returns text
language sql stable parallel safe
begin atomic
    -- A JSON string that has the shape of a time with an offset or Z, as PostgreSQL reads it; null when it cannot. The first
    -- half of staging.instant(). p_text is p_value ->> itself. Silent jsonpath does not raise; what it lets through though it
    -- should not (signs and blanks in place of digits, month 00, year 0000) comes out different from what went in.
    select case
        when p_text like '____-__-__T__:__:__Z' then
            (jsonb_path_query_first_tz(p_value, '$.datetime("YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"")', '{}', true) #>> '{}') || 'Z'
        when p_text like '____-__-__T__:__:__._%Z' and translate(substr(p_text, 20), '0123456789', '') = '.Z' then
            (jsonb_path_query_first_tz(p_value, '$.datetime("YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"")', '{}', true) #>> '{}') || 'Z'
        when p_text like '____-__-__T__:__:__+__:__' or p_text like '____-__-__T__:__:__-__:__' then
            jsonb_path_query_first_tz(p_value, '$.datetime("YYYY-MM-DD\"T\"HH24:MI:SSTZH:TZM")', '{}', true) #>> '{}'
        when (p_text like '____-__-__T__:__:__._%+__:__' or p_text like '____-__-__T__:__:__._%-__:__')
            and translate(substr(p_text, 20), '0123456789', '') in ('.+:', '.-:') then
            jsonb_path_query_first_tz(p_value, '$.datetime("YYYY-MM-DD\"T\"HH24:MI:SS.USTZH:TZM")', '{}', true) #>> '{}'
    end;
end;
