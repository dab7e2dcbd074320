create or replace function ops.register_file(
    p_feed text, p_sha256 text, p_name text, p_size bigint, p_format text, p_delimiter text default ',', p_source text default ''
) returns ops.source_file
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Makes a file known by its content and the order system it comes from, or finds it again: state 'loading' with landed_records
-- where a loader goes on, 'loaded' when its content is in already, under whatever name. One that failed before may be tried anew.
--   p_source   for feeds source.*: an order system that shop.add_source() has made known; empty for all others
-- Errors: EM010 feed is unknown, EM500 source is unknown, EM503 the feed wants a source, or has none
declare
    v_file ops.source_file%rowtype;
begin
    perform ops.feed_named(p_feed);
    if (p_feed like 'source.%') <> (coalesce(p_source, '') <> '') then
        raise exception using errcode = 'EM503', message = format(case when p_source <> '' then 'feed %s has no source'
                else 'feed %s wants a source' end, p_feed),
            hint = case when p_source <> '' then 'sources are for the feeds source.*'
                else 'name the order system that the file comes from: --source NAME' end;
    end if;
    if p_source <> '' then
        perform shop.source_named(p_source);
    end if;
    insert into ops.source_file (feed, sha256, name, size_bytes, format, delimiter, source)
    values (p_feed, p_sha256, p_name, p_size, p_format, p_delimiter, coalesce(p_source, ''))
    on conflict (feed, source, sha256) do update
        set state = 'loading', reason = null, name = excluded.name, finished_at = null,
            format = excluded.format, delimiter = excluded.delimiter
        where source_file.state = 'failed'
    returning * into v_file;
    if not found then
        select * into v_file from ops.source_file where feed = p_feed and sha256 = p_sha256 and source = coalesce(p_source, '');
    end if;
    return v_file;
end
$$;
