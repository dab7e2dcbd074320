create or replace function ops.register_file(
    p_feed text, p_sha256 text, p_name text, p_size bigint, p_format text, p_delimiter text default ','
) returns ops.source_file
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Makes a file known by its content, or finds it again: state 'loading' with landed_records where a loader goes on,
-- 'loaded' when its content is in already, under whatever name. One that failed before may be tried anew.
-- Errors: EM010 feed is unknown
declare
    v_file ops.source_file%rowtype;
begin
    perform ops.feed_named(p_feed);
    insert into ops.source_file (feed, sha256, name, size_bytes, format, delimiter)
    values (p_feed, p_sha256, p_name, p_size, p_format, p_delimiter)
    on conflict (feed, sha256) do update
        set state = 'loading', reason = null, name = excluded.name, finished_at = null,
            format = excluded.format, delimiter = excluded.delimiter
        where source_file.state = 'failed'
    returning * into v_file;
    if not found then
        select * into v_file from ops.source_file where feed = p_feed and sha256 = p_sha256;
    end if;
    return v_file;
end
$$;
