create or replace function ops.webhook_url(p_webhook text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
-- Where a webhook's messages go. Errors: EM063 no such webhook
declare
    v_url text;
begin
    select url into v_url from ops.webhook where webhook = p_webhook;
    if not found then
        raise exception using errcode = 'EM063', message = format('there is no webhook %s', p_webhook),
            hint = 'emporium relay webhooks list';
    end if;
    return v_url;
end
$$;
