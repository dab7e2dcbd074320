create or replace function ops.verify_snapshot(p_source text)
returns table (
    feed text, source_rows bigint, stored_rows bigint, rejected bigint, missing bigint, differing bigint, gone bigint, gone_noted bigint,
    source_checksum text, stored_checksum text, equal boolean, shop jsonb)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set enable_nestloop = off set plan_cache_mode = force_custom_plan as $$
-- Compares each table of a source's database with what is stored of it, row by row and by checksum.
--   rejected   rows there that were rejected as they are; those of which an earlier version is stored are differing, too
--   missing    rows there that are not stored; differing: stored, but with other values
--   gone       rows stored, and there no longer; gone_noted: those of them that are findings gone_from_source
--   …checksum  of all keys and digests, whatever their order, in hexadecimal; the source's without rejected rows of which nothing is stored, ours without
--              rows that are noted as gone
--   shop       for orders {"in_shop", "removed", "without": {code of a finding: orders}}; null for the others
--   equal      nothing is missing or differing and all that is gone is noted; the checksums are the same then
-- Errors: as ops.land_snapshot()
declare
    v_expected bigint;
begin
    foreach feed in array '{source.customers,source.employees,source.products,source.orders,source.order_details}'::text[] loop
        execute format('select count(*) from %s', ops.snapshot_table(p_source, feed)) into v_expected;
        execute format(
            $sql$
            with compared as (
                select c.*, r.payload is not null as refused, c.there is null and g.record is not null as noted,
                    hashtextextended(c.there || ' ' || c.there_digest, 0)::numeric as there_hash,
                    hashtextextended(c.here || ' ' || c.here_digest, 0)::numeric as here_hash
                from (%s) c
                left join (select distinct r.payload from ops.snapshot_refused($1, $2) as r (payload)) r using (payload)
                left join (
                    select record from quality.finding
                    where source = $1 and feed = $2 and code = 'gone_from_source' and resolved_at is null
                ) g on g.record = shop.source_record($2, c.here)
            )
            select count(there), count(here), count(*) filter (where refused),
                count(*) filter (where here is null and not refused),
                count(*) filter (where there_digest <> here_digest), count(*) filter (where there is null), count(*) filter (where noted),
                ops.checksum(sum(there_hash) filter (where not (refused and here is null))), ops.checksum(sum(here_hash) filter (where not noted))
            from compared
            $sql$, ops.snapshot_rows(p_source, feed))
        using p_source, feed
        into source_rows, stored_rows, rejected, missing, differing, gone, gone_noted, source_checksum, stored_checksum;
        perform ops.require_whole(p_source, feed, source_rows, v_expected);
        equal := missing = 0 and differing = 0 and gone = gone_noted and source_checksum = stored_checksum;
        shop := case when feed = 'source.orders' then ops.source_orders_in_shop(p_source) end;
        return next;
    end loop;
end
$$;
