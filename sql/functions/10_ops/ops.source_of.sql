create or replace function ops.source_of(p_batch bigint) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
-- The order system that a batch came from, by its file or its snapshot; empty for feeds that have none.
select coalesce(nullif(f.source, ''), s.source, '')
from ops.batch b
left join ops.source_file f using (source_file_id)
left join ops.snapshot_batch sb on sb.batch_id = b.batch_id
left join ops.snapshot s using (snapshot_id)
where b.batch_id = p_batch
$$;
