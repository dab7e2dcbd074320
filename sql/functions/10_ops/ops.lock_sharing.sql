create or replace function ops.lock_sharing(p_feed text, p_cluster text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Lets one transaction at a time change who owns the partitions of a feed in a cluster.
begin
    perform pg_advisory_xact_lock(hashtextextended(format('ops.share_partitions.%s.%s', p_feed, p_cluster), 0));
end
$$;
