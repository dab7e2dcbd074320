create or replace function events.is_correlation_id(p_text text) returns boolean
language sql immutable parallel safe
begin atomic
    -- Whether a text is the correlation id of an event: a UUIDv7 as PostgreSQL writes it, and not the package itself (ordinal 0).
    -- False for null.
    select coalesce(p_text collate "C" ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
        and p_text not like '%00000', false);
end;
