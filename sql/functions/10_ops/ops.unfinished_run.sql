create or replace function ops.unfinished_run(p_pipeline text, p_feed text)
returns table (run_id bigint, exporting boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
-- The newest run of a pipeline that was begun and not finished: a crash cut it short, and it is to be completed.
--   exporting  what it writes out is settled already: nothing more may be landed under its number
-- Ask only while holding the pipeline's lock, else it may be alive.
select r.run_id, exists (select from ops.run_export e where e.run_id = r.run_id)
from ops.run r
where r.pipeline = p_pipeline and r.feed = p_feed and r.state = 'running'
order by r.run_id desc
limit 1
$$;
