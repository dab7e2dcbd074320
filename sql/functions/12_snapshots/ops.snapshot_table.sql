create or replace function ops.snapshot_table(p_source text, p_feed text) returns regclass
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- The foreign table that a feed of a source is read by: source_NAME.customers for feed source.customers.
-- Errors: EM500 the source is unknown; EM511 it has no database, or lacks this table
declare
    v_schema name := (shop.source_named(p_source)).foreign_schema;
    v_table text := split_part(p_feed, '.', 2);
begin
    if v_schema is null or to_regclass(format('%I.%I', v_schema, v_table)) is null then
        raise exception using errcode = 'EM511',
            message = case when v_schema is null then format('source %s has no database: it sends files', p_source)
                else format('source %s has no foreign table %s', p_source, v_table) end,
            hint = 'emporium sources add --mysql HOST:PORT/DATABASE --user USER connects it to one';
    end if;
    return format('%I.%I', v_schema, v_table)::regclass;
end
$$;
