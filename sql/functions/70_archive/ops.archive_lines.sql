create or replace function ops.archive_lines(p_object bigint) returns setof bytea
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set work_mem = '64MB'
as $$
-- The lines of an object of the archive, without line ends, in the order batch, run, position: UTF-8 JSON, and the same bytes
-- whenever it is asked until the object is delivered. After that what has been replayed, expired or erased since is not there.
-- Lines of events are events.enriched.event; of dead letters see ops.letter_lines().
-- Errors: EM065 the object is unknown
declare
    v_kind text;
    v_piece ops.archive_piece;
begin
    select kind into v_kind from ops.archive_object where object_id = p_object;
    if not found then
        raise exception using errcode = 'EM065', message = format('the archive has no object %s', p_object),
            hint = 'select object_id, object_key from ops.archive_object';
    end if;
    for v_piece in select * from ops.archive_piece where object_id = p_object order by batch_id, run_id loop
        if v_kind = 'event' then
            return query
                select convert_to(l.line, 'UTF8')
                from ops.event_lines(v_piece.batch_id, v_piece.run_id, v_piece.first_position, v_piece.last_position,
                    v_piece.first_at, v_piece.last_at) l;
        else
            return query
                select convert_to(l.line, 'UTF8')
                from ops.letter_lines(v_piece.batch_id, v_piece.run_id, v_piece.first_position, v_piece.last_position) l;
        end if;
    end loop;
end
$$;
