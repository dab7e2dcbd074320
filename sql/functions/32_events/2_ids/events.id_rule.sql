create or replace function events.id_rule(p_text text) returns text
language sql immutable parallel safe
begin atomic
    -- The code of what is wrong with an id, or ''.
    select case
        when p_text is null or p_text = '' then 'id_missing'
        when events.id_form(p_text) = '' then 'id_malformed'
        else ''
    end;
end;
