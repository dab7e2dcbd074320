create or replace function quality.settle_findings(
    p_source text, p_run bigint, p_feed text, p_codes text[], p_found quality.found[]
) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
-- Opens findings of an order system that are new and resolves those that no longer hold; gives the number of all that are open.
--   p_feed    the feed whose findings are looked at, null for any
--   p_codes   which codes of it: others stay as they are
--   p_found   all that is wrong by these codes
begin
    update quality.finding f set resolved_run = p_run, resolved_at = clock_timestamp()
    where f.source = p_source and f.resolved_at is null and f.code = any (p_codes) and (p_feed is null or f.feed = p_feed)
        and not exists (select from unnest(p_found) n where n.feed = f.feed and n.code = f.code and n.record = f.record);
    insert into quality.finding (feed, code, source, record, found_run)
    select distinct n.feed, n.code, p_source, n.record, p_run
    from unnest(p_found) n
    order by 1, 2, 4
    on conflict (source, code, record) where resolved_at is null do nothing;
    return (select count(*) from quality.finding where source = p_source and resolved_at is null);
end
$$;
