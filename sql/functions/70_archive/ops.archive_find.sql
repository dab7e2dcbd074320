create or replace function ops.archive_find(p_correlation uuid)
returns table (object_id bigint, object_key text, version_id text, line_number bigint, delivered_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
-- Objects of the archive that hold an event, by its correlation id: as an event, and as a dead letter each time it was
-- rejected. line_number as in ops.archive_of(), and so are those that may hold it.
begin
    return query
        select a.object_id, a.object_key, a.version_id, a.line_number, a.delivered_at
        from (
            select distinct s.batch_id, s.position from events.package_seen(p_correlation, p_correlation) s
            union
            select f.batch_id, f.position from events.refusal f where f.correlation_id = p_correlation
        ) r
        cross join unnest('{event,dead_letter}'::text[]) as k (kind)
        cross join lateral ops.archive_of(k.kind, r.batch_id, r.position) a
        order by a.object_id;
end
$$;
