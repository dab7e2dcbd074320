create or replace function ops.fail_file(p_file bigint, p_reason text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Marks a file that cannot be read as a whole, with the reason. Records landed before stay landed.
update ops.source_file set state = 'failed', reason = p_reason, finished_at = clock_timestamp()
where source_file_id = p_file and state = 'loading'
$$;
