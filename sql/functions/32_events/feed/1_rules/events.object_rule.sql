create or replace function events.object_rule(p_name text, p_type text) returns text
language sql immutable parallel safe
begin atomic
    -- A part of an event that must be an object: its code, or ''. p_type is jsonb_typeof() of it, p_name what its codes begin with.
    select case when p_type = 'object' then '' when coalesce(p_type, 'null') = 'null' then p_name || '_missing' else p_name || '_type' end;
end;
