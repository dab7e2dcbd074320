create or replace function ops.past_retention() returns table (parent regclass, partition regclass, awaited boolean)
language plpgsql stable set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Partitions of the tables of ops.partitioned_table that ended longer ago than their table's retention. Where one ends,
-- its bounds say.
--   awaited   the archive has yet to save something that may lie in it: dropped now, it would be in no object. While the archive is
--             off nothing is waited for
begin
    return query
        select e.parent, e.partition, ops.setting_value('archive.enabled') = 'on' and case e.table_name
            when 'public.events' then
                exists (
                    select from ops.archive_pending p
                    where p.kind = 'event' and (p.first_at is null or p.first_at < e.ends_at and p.last_at >= e.begins_at))
                or exists (
                    select from ops.outbox q join ops.archive_object o using (object_id) join ops.archive_piece p using (object_id)
                    where q.state = 'waiting' and o.kind = 'event' and p.first_at < e.ends_at and p.last_at >= e.begins_at)
            when 'staging.reject' then
                exists (
                    select from ops.archive_pending p
                    where p.kind = 'dead_letter' and p.day >= e.begins_at and p.day < e.ends_at)
                or exists (
                    select from ops.outbox q join ops.archive_object o using (object_id)
                    where q.state = 'waiting' and o.kind = 'dead_letter' and o.day >= e.begins_at and o.day < e.ends_at)
            else false end
        from (
            select i.inhparent::regclass as parent, i.inhrelid::regclass as partition, t.table_name, t.retention_setting, c.relname,
                substring(pg_get_expr(c.relpartbound, c.oid) from $r$FROM \('([^']*)'\)$r$)::timestamptz as begins_at,
                substring(pg_get_expr(c.relpartbound, c.oid) from $r$ TO \('([^']*)'\)$r$)::timestamptz as ends_at
            from ops.partitioned_table t
            join pg_inherits i on i.inhparent = to_regclass(ops.qualified(t.table_name))
            join pg_class c on c.oid = i.inhrelid
        ) e
        where e.ends_at <= clock_timestamp() - ops.setting_value(e.retention_setting)::interval
        order by e.table_name desc, e.relname;
end
$$;
