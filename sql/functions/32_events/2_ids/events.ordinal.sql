create or replace function events.ordinal(p_correlation_id uuid) returns integer
language sql immutable parallel safe
begin atomic
    -- The event's place in its package, from 1: the last 20 bits. 0 is the package itself.
    select ('x' || right(p_correlation_id::text, 5))::bit(20)::integer;
end;
