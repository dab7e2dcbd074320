create or replace function events.formed_uuid(p_text text, p_form text) returns uuid
language sql immutable parallel safe
begin atomic
    -- The uuid of an id whose form, as events.id_form() gives it, is known: what events.id_uuid() gives. Null for no form.
    -- PostgreSQL reads a uuid with dashes, in braces, and without a dash; only urn:uuid: must go.
    select case p_form
        when 'uuid' then case octet_length(p_text) when 45 then right(p_text, 36) else p_text end::uuid
        when 'ulid' then events.ulid_uuid(p_text)
        when 'objectid' then (left(p_text, 16) || 'ff6f6964' || right(p_text, 8))::uuid
    end;
end;
