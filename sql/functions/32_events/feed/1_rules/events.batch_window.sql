create or replace function events.batch_window(p_batch ops.batch) returns tstzrange
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- The times that the events of a batch may have: those of events.time_window() at its landing, so that a late promote and a
-- replay come to the same; but nothing that is past retention by now, for its day has been dropped, and its row in the ledger
-- that would know it again. Both ends belong to it.
declare
    v_landed tstzrange := events.time_window(p_batch.received_at);
    v_kept timestamptz := clock_timestamp() - ops.setting_value('events.retention')::interval;
begin
    return tstzrange(least(greatest(lower(v_landed), v_kept), upper(v_landed)), upper(v_landed), '[]');
end
$$;
