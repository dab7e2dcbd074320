create or replace function events.kept_form(p_text text) returns text
language sql immutable parallel safe
begin atomic
    -- What must be kept beside the uuid of an id, so that events.id_text() gives the id as it was written: nothing (null) for
    -- a uuid as PostgreSQL writes it, ulid in upper case, objectid in lower case; the text itself for any other writing,
    -- which is longer than these words.
    select case events.id_form(p_text)
        when '' then null
        when 'uuid' then case when octet_length(p_text) <> 36 or p_text <> lower(p_text) collate "C" then p_text end
        when 'ulid' then case when p_text = upper(p_text) collate "C" then 'ulid' else p_text end
        else case when p_text = lower(p_text) collate "C" then 'objectid' else p_text end
    end;
end;
