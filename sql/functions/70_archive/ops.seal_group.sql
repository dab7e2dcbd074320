create or replace function ops.seal_group(
    p_kind text, p_feed text, p_day date, p_due boolean, p_records bigint, p_bytes bigint, p_objects integer
) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Makes objects of what is measured of one kind, feed and day, oldest first; gives how many. What a run made of a batch goes
-- into an object as a whole where an object can hold it, else it is cut by position, and its rest waits for nothing. What a
-- replay has its hands on is left for later.
--   p_due               an object that is not full is made, too
--   p_records, p_bytes  what an object has at most
--   p_objects           when so many are made no more is begun
declare
    v_compression text := ops.setting_value('archive.compression');
    v_row ops.archive_pending;
    v_record record;
    v_pieces ops.archive_piece[] := array[]::ops.archive_piece[];  -- of the object that is being filled
    v_piece ops.archive_piece;
    v_have_records bigint := 0;
    v_have_bytes bigint := 0;
    v_rest boolean := false;
    v_objects integer := 0;
begin
    for v_row in
        select p.*
        from ops.archive_pending p join ops.batch b using (batch_id)
        where p.kind = p_kind and p.feed = p_feed and p.day = p_day and p.bytes is not null
        order by p.posted_at, p.batch_id, p.run_id
        for update of p skip locked
        for key share of b skip locked
    loop
        exit when v_objects >= p_objects;
        if cardinality(v_pieces) > 0 and (v_have_records + v_row.records > p_records or v_have_bytes + v_row.bytes > p_bytes) then
            perform ops.seal_object(p_kind, p_feed, p_day, v_compression, v_pieces);
            v_objects := v_objects + 1;
            v_pieces := array[]::ops.archive_piece[];
            v_have_records := 0;
            v_have_bytes := 0;
            v_rest := false;
            exit when v_objects >= p_objects;
        end if;
        v_piece := row(null, v_row.batch_id, v_row.run_id, v_row.first_position, v_row.last_position, v_row.records,
            v_row.first_at, v_row.last_at)::ops.archive_piece;
        if v_row.records <= p_records and v_row.bytes <= p_bytes then
            v_pieces := v_pieces || v_piece;
            v_have_records := v_have_records + v_row.records;
            v_have_bytes := v_have_bytes + v_row.bytes;
            continue;
        end if;
        -- Cut: each piece an object, but for the last.
        v_piece.records := 0;
        for v_record in
            select * from ops.archive_sizes(v_row) s order by s.position
        loop
            if v_piece.records > 0 and (v_piece.records + 1 > p_records or v_have_bytes + v_record.bytes > p_bytes) then
                perform ops.seal_object(p_kind, p_feed, p_day, v_compression, array[v_piece]);
                v_objects := v_objects + 1;
                v_piece.records := 0;
            end if;
            if v_piece.records = 0 then
                v_piece.first_position := v_record.position;
                v_piece.first_at := v_record.at;
                v_piece.last_at := v_record.at;
                v_have_bytes := 0;
            end if;
            v_piece.records := v_piece.records + 1;
            v_piece.last_position := v_record.position;
            v_piece.first_at := least(v_piece.first_at, v_record.at);
            v_piece.last_at := greatest(v_piece.last_at, v_record.at);
            v_have_bytes := v_have_bytes + v_record.bytes;
        end loop;
        v_have_records := v_piece.records;
        if v_piece.records > 0 then
            v_pieces := array[v_piece];
            v_rest := true;
        end if;
    end loop;
    if cardinality(v_pieces) > 0 and (p_due or v_rest or v_have_records >= p_records or v_have_bytes >= p_bytes) then
        perform ops.seal_object(p_kind, p_feed, p_day, v_compression, v_pieces);
        v_objects := v_objects + 1;
    end if;
    return v_objects;
end
$$;
