create or replace function ops.feed_named(p_feed text) returns ops.feed
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- A feed by name. Errors: EM010 feed is unknown.
declare
    v_feed ops.feed%rowtype;
begin
    select * into v_feed from ops.feed where feed = p_feed;
    if not found then
        raise exception using errcode = 'EM010', message = format('feed %s is unknown', p_feed),
            hint = format('feeds: %s', (select string_agg(feed, ', ' order by feed) from ops.feed));
    end if;
    return v_feed;
end
$$;
