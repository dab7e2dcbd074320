create or replace function events.time_window(p_now timestamptz) returns tstzrange
language plpgsql stable set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- The times that an event may have, by the settings: what is older has no partition any more or is not to have one, what
-- is later is a clock gone wrong. Both ends belong to it.
begin
    return tstzrange(
        greatest(p_now - ops.setting_value('events.window_past')::interval, p_now - ops.setting_value('events.retention')::interval),
        p_now + ops.setting_value('events.window_future')::interval, '[]');
end
$$;
