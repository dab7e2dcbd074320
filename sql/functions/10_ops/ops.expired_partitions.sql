create or replace function ops.expired_partitions() returns table (parent regclass, partition regclass)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Partitions of the tables of ops.partitioned_table that ended longer ago than their table's retention. Where one ends,
-- its bounds say.
begin
    return query
        select i.inhparent::regclass, i.inhrelid::regclass
        from ops.partitioned_table t
        join pg_inherits i on i.inhparent = to_regclass(ops.qualified(t.table_name))
        join pg_class c on c.oid = i.inhrelid
        where substring(pg_get_expr(c.relpartbound, c.oid) from $r$ TO \('([^']*)'\)$r$)::timestamptz
            <= clock_timestamp() - ops.setting_value(t.retention_setting)::interval
        order by t.table_name desc, c.relname;
end
$$;
