create or replace function events.id_text(p_id uuid, p_form text) returns text
language sql immutable parallel safe
begin atomic
    -- An id as it was written: p_form is what events.kept_form() kept, or a form of events.id_form().
    select case
        when p_form is null or p_form = 'uuid' then p_id::text
        when p_form = 'ulid' then events.uuid_ulid(replace(p_id::text, '-', ''))
        when p_form = 'objectid' then left(replace(p_id::text, '-', ''), 16) || right(p_id::text, 8)
        else p_form
    end;
end;
