create or replace function events.forget_refusals() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Forgets which events were refused when their rejects are past retention, whole months of which are kept; gives their number.
-- Ids rise with time, so that those are the first ones.
-- Writes: events.refusal
declare
    v_kept timestamptz := clock_timestamp() - ops.setting_value('staging.reject.retention')::interval - interval '1 month';
    v_count bigint;
begin
    delete from events.refusal
    where correlation_id < (lpad(to_hex((extract(epoch from v_kept) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
