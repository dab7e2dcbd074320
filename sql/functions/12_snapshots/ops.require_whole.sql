create or replace function ops.require_whole(p_source text, p_feed text, p_read bigint, p_counted bigint) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- Refuses a reading of a source's table that gave another number of rows than it was counted to have: the wrapper takes a value that
-- it cannot convert for the end of the table.
-- Errors: EM512 the table was not read to its end
begin
    if p_read <> p_counted then
        raise exception using errcode = 'EM512',
            message = format('source %s: %s of %s rows of %s were read', p_source, p_read, p_counted, split_part(p_feed, '.', 2)),
            hint = 'rows came or went meanwhile, where the table is not transactional: call again; else a column has a type that '
                'mysql_fdw cannot read as text, such as year: cast it in a view';
    end if;
end
$$;
