create or replace function ops.is_landed(p_batch bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
-- Whether a batch's transaction was committed: what a loader asks when the answer to its COMMIT was lost.
select exists (select from ops.batch where batch_id = p_batch)
$$;
