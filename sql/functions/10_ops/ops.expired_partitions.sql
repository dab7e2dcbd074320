create or replace function ops.expired_partitions() returns table (parent regclass, partition regclass)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
-- Partitions to be dropped: past their table's retention, and nothing in them that the archive has yet to save.
begin
    return query select r.parent, r.partition from ops.past_retention() r where not r.awaited;
end
$$;
