create or replace function ops.seal_object(p_kind text, p_feed text, p_day date, p_compression text, p_pieces ops.archive_piece[])
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Makes an object of the archive of its pieces, and the outbox row that has a relay put it into the store. Its key is that of
-- the first record in it, so no other object ever gets it.
-- Writes: ops.archive_object, ops.archive_piece, ops.outbox, ops.archive_pending
declare
    v_object bigint;
    v_records bigint := (select sum(records) from unnest(p_pieces));
begin
    insert into ops.archive_object (kind, feed, day, object_key, compression, records)
    select p_kind, p_feed, p_day,
        format('%s/dt=%s/%s-%s-%s-%s.jsonl%s', case p_kind when 'event' then 'events' else 'dead-letter' end,
            to_char(p_day, 'YYYY-MM-DD'), p_feed, ops.twelve_digits(p.batch_id), ops.twelve_digits(p.run_id),
            ops.twelve_digits(p.first_position), case p_compression when 'gzip' then '.gz' else '' end),
        p_compression, v_records
    from unnest(p_pieces) p
    order by p.batch_id, p.run_id, p.first_position
    limit 1
    returning object_id into v_object;
    insert into ops.archive_piece (object_id, batch_id, run_id, first_position, last_position, records, first_at, last_at)
    select v_object, p.batch_id, p.run_id, p.first_position, p.last_position, p.records, p.first_at, p.last_at
    from unnest(p_pieces) p;
    insert into ops.outbox (kind, carrier, destination, object_id, messages)
    values ('object', 'object_store', 'archive', v_object, v_records);
    delete from ops.archive_pending a
    using unnest(p_pieces) p
    where (a.batch_id, a.run_id, a.kind) = (p.batch_id, p.run_id, p_kind);
end
$$;
