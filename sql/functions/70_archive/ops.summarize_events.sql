create or replace function ops.summarize_events(p_first_at timestamptz, p_last_at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
-- Brings the BRIN index on batch_id of the days from one time to another up to date, so that a batch of events is found without
-- reading what has come since the last vacuum. Of many days only those that got much. What is being vacuumed, or is not ours, is
-- left as it is.
declare
    v_index regclass;
begin
    for v_index in
        select i.indexrelid
        from (select p, count(*) over () as days from ops.event_partitions(p_first_at, p_last_at) p) d
        join pg_index i on i.indrelid = d.p
        join pg_class c on c.oid = i.indexrelid
        join pg_am a on a.oid = c.relam and a.amname = 'brin'
        where d.days <= 3 or pg_stat_get_ins_since_vacuum(d.p) >= 1000
    loop
        begin
            perform brin_summarize_new_values(v_index);
        exception when lock_not_available or undefined_table or insufficient_privilege then
            null;
        end;
    end loop;
end
$$;
