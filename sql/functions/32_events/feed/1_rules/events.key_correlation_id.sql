create or replace function events.key_correlation_id(p_key bytea) returns uuid
language sql immutable parallel safe
begin atomic
    -- The correlation id that the key of a message is; null where it is none. Cannot raise, whatever the bytes.
    select case when octet_length(p_key) = 36 and events.is_correlation_id(encode(p_key, 'escape')) then encode(p_key, 'escape')::uuid end;
end;
