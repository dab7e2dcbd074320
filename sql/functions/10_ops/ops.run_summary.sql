create or replace function ops.run_summary(p_run bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
-- What a run landed and what has become of it, as counts of records.
select jsonb_build_object(
    'files', count(distinct source_file_id),
    'read', coalesce(sum(received), 0),
    'stored', coalesce(sum(stored), 0),
    'rejected', coalesce(sum(rejected), 0),
    'duplicate', coalesce(sum(duplicate), 0),
    'pending', coalesce(sum(received - stored - rejected - duplicate), 0))
from ops.batch where run_id = p_run
$$;
