create or replace function ops.run_name(p_run bigint) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- pipeline-YYYYMMDDTHHMMSSZ-number: the name of a run's output files, the same whenever it is asked.
select pipeline || to_char(started_at, '"-"YYYYMMDD"T"HH24MISS"Z-"') || run_id from ops.run where run_id = p_run
$$;
