create or replace function ops.expired_partitions() returns table (parent regclass, partition regclass)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Partitions of rejects all of whose days are past the setting staging.reject.retention.
begin
    return query
        select i.inhparent::regclass, i.inhrelid::regclass
        from pg_inherits i
        join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'staging.reject'::regclass
            and to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month'
                <= clock_timestamp() - ops.setting_value('staging.reject.retention')::interval
        order by c.relname;
end
$$;
