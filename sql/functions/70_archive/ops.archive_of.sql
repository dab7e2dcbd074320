create or replace function ops.archive_of(p_kind text, p_batch bigint, p_position bigint)
returns table (object_id bigint, object_key text, version_id text, line_number bigint, delivered_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Objects of the archive that hold a record, oldest first: as an event one at most, as a dead letter one for each time that it
-- was rejected.
--   p_kind        event or dead_letter
--   line_number   from 1; null where it is not known: a replay or the retention has taken the record, or lines before it, from the
--                 table. The object then has it if its run judged the record; look there
begin
    return query
        select o.object_id, o.object_key, o.version_id,
            case when s.here and s.records = p.records then s.before + 1 + coalesce((
                select sum(q.records) from ops.archive_piece q
                where q.object_id = p.object_id and (q.batch_id, q.run_id) < (p.batch_id, p.run_id)), 0)::bigint end,
            o.delivered_at
        from ops.archive_piece p
        join ops.archive_object o using (object_id)
        cross join lateral (
            select count(*) as records, count(*) filter (where l.position < p_position) as before,
                coalesce(bool_or(l.position = p_position), false) as here
            from ops.archive_positions(o.kind, p.batch_id, p.run_id, p.first_position, p.last_position, p.first_at, p.last_at) l
        ) s
        where p.batch_id = p_batch and p_position between p.first_position and p.last_position and o.kind = p_kind
            -- What another run has of the batch at present is not in this piece.
            and (s.here or s.records < p.records)
        order by p.run_id;
end
$$;
