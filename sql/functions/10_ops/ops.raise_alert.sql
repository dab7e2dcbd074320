create or replace function ops.raise_alert(p_kind text, p_subject text, p_message text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Raises an alert, and tells webhooks, unless it stands already. One about a webhook is not told to that webhook.
begin
    insert into ops.alert (kind, subject, message) values (p_kind, p_subject, p_message)
    on conflict (kind, subject) where cleared_at is null do nothing;
    if found then
        perform ops.notify('alert.raised', p_kind || ' ' || p_subject,
            jsonb_build_object('subject', p_subject, 'alert', p_kind, 'message', p_message));
    end if;
end
$$;
