create or replace function events.time_rule(p_at timestamptz, p_window tstzrange) returns text
language sql immutable parallel safe
begin atomic
    -- The code of what is wrong with the time of an event, or ''. p_window is events.time_window(), once a batch.
    select case
        when p_at is null then 'timestamp_missing'
        when p_at < lower(p_window) then 'timestamp_too_old'
        when p_at > upper(p_window) then 'timestamp_in_future'
        else ''
    end;
end;
