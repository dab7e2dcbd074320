create or replace function events.form_rule(p_name text, p_text text, p_form text) returns text
language sql immutable parallel safe
begin atomic
    -- An id as it was sent and what events.id_form() says of it: its code, or ''. p_name is what its codes begin with. The text of
    -- anything but a JSON string has no form.
    select case when p_text is null or p_text = '' then p_name || '_missing' when p_form = '' then p_name || '_malformed' else '' end;
end;
