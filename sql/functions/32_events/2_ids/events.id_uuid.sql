create or replace function events.id_uuid(p_text text) returns uuid
language sql immutable parallel safe
begin atomic
    -- The uuid of an id; null for what events.id_form() does not know. Cannot raise.
    --   uuid      itself
    --   ulid      its 128 bits as they are, so that order by time stays
    --   objectid  its first 8 bytes, then ff6f6964, then its last 4, so that order by time stays. A byte of ff there is the
    --             variant that RFC 9562 keeps for later, so no UUID of that standard but the one of all ones begins its second
    --             half so; another 128 bits that do are told apart by the form (events.kept_form) that is stored beside.
    select case events.id_form(p_text)
        when 'uuid' then right(translate(lower(p_text), '-{}', ''), 32)::uuid
        when 'ulid' then events.ulid_uuid(p_text)
        when 'objectid' then (left(p_text, 16) || 'ff6f6964' || right(p_text, 8))::uuid
    end;
end;
