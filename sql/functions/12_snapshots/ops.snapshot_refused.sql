create or replace function ops.snapshot_refused(p_source text, p_feed text) returns setof bytea
language sql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
-- Rows of a source's table that were rejected and not replayed since, as they were landed. What is past retention is not there.
select r.payload
from staging.reject r
where r.disposition = 'rejected'
    and r.batch_id = any (array(
        select b.batch_id
        from ops.snapshot s
        join ops.snapshot_batch using (snapshot_id)
        join ops.batch b using (batch_id)
        where s.source = p_source and s.feed = p_feed and b.rejected > 0))
$$;
