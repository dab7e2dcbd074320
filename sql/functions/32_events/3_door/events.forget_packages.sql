create or replace function events.forget_packages(p_now timestamptz default clock_timestamp()) returns bigint
language sql volatile set search_path = pg_catalog, pg_temp as $$
    -- Forgets packages that are past the setting events.idempotency.retention; gives how many. May run at any time and again.
    with gone as (
        delete from events.package
        where remembered_at < p_now - ops.setting_value('events.idempotency.retention')::interval
        returning 1
    )
    select count(*) from gone;
$$;
