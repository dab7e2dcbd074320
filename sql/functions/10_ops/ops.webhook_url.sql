create or replace function ops.webhook_url(p_webhook text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- Where a webhook's messages go; null when there is no such webhook.
    select url from ops.webhook where webhook = p_webhook;
$$;
