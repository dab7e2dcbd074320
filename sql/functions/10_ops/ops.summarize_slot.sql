create or replace function ops.summarize_slot(p_feed text, p_slot smallint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Brings the BRIN index of a staging slot up to date: a batch among millions of rows is found in milliseconds then,
-- without in most of a second.
begin
    perform brin_summarize_new_values(i.indexrelid)
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_am a on a.oid = c.relam and a.amname = 'brin'
    where i.indrelid = ops.slot_table(p_feed, p_slot);
end
$$;
