create or replace function ops.maintain() returns table (task text, object text, done text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Housekeeping that may run at any time and again: partitions ahead, staging slots emptied; and which partitions are
-- past their retention. Those are named, not dropped: detaching concurrently cannot be done inside a function, so
-- `emporium maintain` does it.
declare
    v_day date := (clock_timestamp() at time zone 'UTC')::date;
    v_until date := v_day + ops.setting_value('partitions.ahead')::interval;
    v_feed text;
    v_count integer;
begin
    while v_day <= v_until loop
        perform ops.ensure_partition('staging.reject', v_day);
        task := 'partition';
        object := 'staging.reject_' || to_char(v_day, 'YYYYMM');
        done := 'there';
        return next;
        v_day := (date_trunc('month', v_day) + interval '1 month')::date;
    end loop;
    for v_feed in select feed from ops.feed order by feed loop
        v_count := ops.rotate(v_feed);
        task := 'rotate';
        object := v_feed;
        done := format('%s slots emptied', v_count);
        return next;
    end loop;
    return query
        select 'retention', r.partition::text, 'past ' || ops.setting_value('staging.reject.retention')
        from ops.expired_partitions() r;
end
$$;
