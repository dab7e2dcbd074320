create or replace function events.package_id(p_correlation_id uuid) returns uuid
language sql immutable parallel safe
begin atomic
    -- The package that an event came in: its correlation id with the ordinal 0.
    select (left(p_correlation_id::text, 31) || '00000')::uuid;
end;
