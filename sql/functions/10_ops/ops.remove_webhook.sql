create or replace function ops.remove_webhook(p_webhook text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Removes a webhook. What waits for it is parked, not dropped: ops.resume_outbox() sends it once a webhook of the name is
-- there again. Alerts about it are cleared.
-- Errors: EM063 no such webhook
begin
    delete from ops.webhook where webhook = p_webhook;
    if not found then
        raise exception using errcode = 'EM063', message = format('there is no webhook %s', p_webhook),
            hint = 'emporium relay webhooks list';
    end if;
    update ops.outbox
    set parked_at = clock_timestamp(), last_error = 'the webhook was removed'
    where state = 'waiting' and carrier = 'webhook' and destination = p_webhook and parked_at is null;
    delete from ops.outage where carrier = 'webhook' and destination = p_webhook;
    perform ops.clear_alert(k, 'webhook:' || p_webhook) from unnest('{destination.away,outbox.parked}'::text[]) k;
end
$$;
