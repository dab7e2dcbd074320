create or replace function ops.maintain() returns table (task text, object text, done text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Housekeeping that may run at any time and again: partitions ahead, staging slots emptied, what is kept of events forgotten
-- in its time; and which partitions are past their retention. Those are named, not dropped: detaching concurrently cannot be
-- done inside a function, so `emporium maintain` does it.
declare
    v_today date := (clock_timestamp() at time zone 'UTC')::date;
    v_table ops.partitioned_table;
    v_day date;
    v_feed text;
    v_count integer;
begin
    for v_table in select * from ops.partitioned_table order by table_name desc loop
        for v_day in
            select d from generate_series(
                date_trunc(v_table.unit, v_today::timestamp),
                v_today + ops.setting_value(v_table.ahead_setting)::interval,
                ('1 ' || v_table.unit)::interval) d
        loop
            perform ops.ensure_partition(ops.qualified(v_table.table_name)::regclass, v_day);
            task := 'partition';
            object := v_table.table_name || to_char(v_day, case v_table.unit when 'day' then '_YYYYMMDD' else '_YYYYMM' end);
            done := 'there';
            return next;
        end loop;
    end loop;
    for v_feed in select feed from ops.feed order by feed loop
        v_count := ops.rotate(v_feed);
        task := 'rotate';
        object := v_feed;
        done := format('%s slots emptied', v_count);
        return next;
    end loop;
    task := 'retention';
    object := 'events.message';
    done := format('%s messages of dropped days forgotten', events.forget_messages());
    return next;
    object := 'events.refusal';
    done := format('%s refused events forgotten', events.forget_refusals());
    return next;
    object := 'events.package';
    done := format('%s packages forgotten', events.forget_packages());
    return next;
    return query
        select 'retention', r.partition::text, 'past ' || ops.setting_value(t.retention_setting)
            || case when r.awaited then ', kept until the archive has saved what is in it' else '' end
        from ops.past_retention() r
        join ops.partitioned_table t on to_regclass(ops.qualified(t.table_name)) = r.parent;
end
$$;
