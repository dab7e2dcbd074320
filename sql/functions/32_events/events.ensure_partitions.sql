create or replace function events.ensure_partitions(p_times timestamptz[], p_now timestamptz) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Sees to it that events of these times have their partitions; returns how many days those are. Times outside of
-- events.time_window() get none, whoever asks: a mistaken year makes no partition.
-- In order of days, so that two promoters that make the same ones wait for each other and do not deadlock.
declare
    v_window tstzrange := events.time_window(p_now);
    v_day date;
    v_days integer := 0;
begin
    for v_day in
        select distinct (at at time zone 'UTC')::date from unnest(p_times) at
        where isfinite(at) and events.time_rule(at, v_window) = '' order by 1
    loop
        perform ops.ensure_partition('public.events', v_day);
        v_days := v_days + 1;
    end loop;
    return v_days;
end
$$;
