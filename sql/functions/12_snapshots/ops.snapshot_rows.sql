create or replace function ops.snapshot_rows(p_source text, p_feed text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- A query over the rows of a source's table as they are there and as they are known here, for ops.land_snapshot() and
-- ops.verify_snapshot():
--   there    the row's key in the source; null where only we have it
--   here     its key among the newest versions; null where we have none
--   there_digest, here_digest
--   payload  bytea, the row as it would be landed; null where it is known as it is, or is not there
-- Errors: those of ops.snapshot_table(); EM010 feed is unknown
declare
    v_feed ops.feed%rowtype := ops.feed_named(p_feed);
    v_values text;
begin
    select 'array[' || string_agg(format('f.%I', c.name), ', ' order by c.place) || ']' into v_values
    from unnest(v_feed.columns) with ordinality as c (name, place);
    return format(
        $sql$
        select t.source_key as there, h.source_key as here, t.digest as there_digest, h.digest as here_digest,
            case when t.digest is distinct from h.digest then convert_to(t.record::text, 'UTF8') end as payload
        from (
            select coalesce(shop.source_key(%1$L, %2$s), '') as source_key, shop.record_digest(%2$s) as digest,
                to_jsonb(f) as record
            from %3$s f
        ) t
        full join (select s.source_key, s.digest from shop.%4$I s where s.source = %5$L) h using (source_key)
        $sql$, p_feed, v_values, ops.snapshot_table(p_source, p_feed), v_feed.staging_table, p_source);
end
$$;
