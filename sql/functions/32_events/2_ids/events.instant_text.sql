create or replace function events.instant_text(p_at timestamptz) returns text
language sql stable parallel safe
begin atomic
    -- A time as ISO 8601 in UTC: with milliseconds, or with microseconds where milliseconds do not hold it.
    select case when date_trunc('milliseconds', p_at at time zone 'UTC') = p_at at time zone 'UTC'
        then to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        else to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    end;
end;
