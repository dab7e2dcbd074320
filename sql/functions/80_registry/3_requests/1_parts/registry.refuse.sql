create or replace function registry.refuse(p_code integer, p_message text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Ends a request with an error of Confluent's: registry.ask() and registry.change() make the answer of it.
--   p_code  error_code; its first three digits are the HTTP status
-- Errors: EM308, always
begin
    raise exception using errcode = 'EM308', message = p_message, detail = p_code::text, hint = 'an answer to who asked over HTTP';
end
$$;
