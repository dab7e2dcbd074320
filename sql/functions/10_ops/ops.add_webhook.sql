create or replace function ops.add_webhook(p_webhook text, p_url text, p_kinds text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Adds a webhook; one that is there gets the new URL and kinds.
-- Errors: EM064 name, URL or kinds are not as they must be
declare
    v_constraint text;
begin
    insert into ops.webhook (webhook, url, kinds) values (p_webhook, p_url, array(select distinct k from unnest(p_kinds) k order by k))
    on conflict on constraint webhook_pkey do update
    set url = excluded.url, kinds = excluded.kinds, added_by = session_user, added_at = clock_timestamp();
exception when check_violation or not_null_violation then
    get stacked diagnostics v_constraint = constraint_name;
    raise exception using errcode = 'EM064', message = format('webhook %s cannot be added', left(p_webhook, 60)),
        detail = case v_constraint
            when 'webhook_url_check' then 'its URL is not http:// or https:// without user and password, of at most 2048 bytes'
            when 'webhook_kinds_check' then 'its kinds are not some of alert.raised, alert.cleared, batch.rejected, object.delivered, message'
            else 'its name is not a small letter and then up to 39 small letters, digits or underscores' end,
        hint = 'emporium relay webhooks add audit https://example.org/hooks/1 --on alert.raised';
end
$$;
