create or replace function ops.clear_alert(p_kind text, p_subject text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Clears an alert that stands, if it does, and tells webhooks.
begin
    update ops.alert set cleared_at = clock_timestamp() where kind = p_kind and subject = p_subject and cleared_at is null;
    if found then
        perform ops.notify('alert.cleared', p_kind || ' ' || p_subject, jsonb_build_object('subject', p_subject, 'alert', p_kind));
    end if;
end
$$;
