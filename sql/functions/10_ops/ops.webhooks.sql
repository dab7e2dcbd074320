create or replace function ops.webhooks()
returns table (webhook text, url text, kinds text[], added_by name, added_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- All webhooks, by name.
    select w.webhook, w.url, w.kinds, w.added_by, w.added_at from ops.webhook w order by w.webhook;
$$;
