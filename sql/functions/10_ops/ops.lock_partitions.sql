create or replace function ops.lock_partitions(p_parent regclass) returns void
language sql volatile set search_path = pg_catalog, pg_temp as $$
-- Until the end of the transaction nobody else makes partitions of a table: see ops.ensure_partition().
select pg_advisory_xact_lock(hashtextextended('ops.ensure_partition', p_parent::oid::bigint))
$$;
