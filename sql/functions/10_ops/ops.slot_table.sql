create or replace function ops.slot_table(p_feed text, p_slot smallint) returns regclass
language sql stable set search_path = pg_catalog, pg_temp as $$
-- The partition of a feed's staging table that holds a slot.
select format('staging.%I', staging_table || '_' || p_slot)::regclass from ops.feed where feed = p_feed
$$;
