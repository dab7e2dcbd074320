create or replace function events.sent_form(p_value jsonb, p_text text) returns text
language sql immutable parallel safe
begin atomic
    -- How an id of an event is written, by events.id_form(): '' for whatever is no JSON string, and a number of 24 digits is none.
    -- p_text is p_value ->> itself.
    select case when jsonb_typeof(p_value) = 'string' then events.id_form(p_text) else '' end;
end;
