create or replace function ops.notify(p_kind text, p_key text, p_payload jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Posts what happened to each webhook that wants to hear of its kind, but not to one that it is about: no message about the
-- messages to a webhook leads to another one there. The body is p_payload, and kind and at.
--   p_key       messages of one key arrive in their order; null: any order
--   p_payload   subject at least; no personal data
begin
    perform ops.put_message('webhook', w.webhook, p_key, '{}', 'application/json',
        convert_to((p_payload || jsonb_build_object('kind', p_kind, 'at', events.instant_text(clock_timestamp())))::text, 'UTF8'))
    from ops.webhook w
    where w.kinds @> array[p_kind] and p_payload ->> 'subject' is distinct from 'webhook:' || w.webhook
    order by w.webhook;
end
$$;
