create or replace function ops.unfinished_run(p_pipeline text, p_feed text) returns setof ops.run
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
-- The newest run of a pipeline that was begun and not finished: a crash cut it short, and it is to be completed.
-- Ask only while holding the pipeline's lock, else it may be alive.
select * from ops.run where pipeline = p_pipeline and feed = p_feed and state = 'running' order by run_id desc limit 1
$$;
