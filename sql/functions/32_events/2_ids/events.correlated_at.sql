create or replace function events.correlated_at(p_correlation_id uuid) returns timestamptz
language sql immutable parallel safe
begin atomic
    -- When a UUIDv7 was made, to the millisecond; null for any other uuid. In whole seconds and the rest, since 2^48
    -- milliseconds do not fit the digits of a double.
    select case when substr(p_correlation_id::text, 15, 1) = '7' and substr(p_correlation_id::text, 20, 1) in ('8', '9', 'a', 'b') then
        (timestamp 'epoch'
            + ('x' || left(translate(p_correlation_id::text, '-', ''), 12))::bit(48)::bigint / 1000 * interval '1 second'
            + ('x' || left(translate(p_correlation_id::text, '-', ''), 12))::bit(48)::bigint % 1000 * interval '1 millisecond')
            at time zone 'UTC'
    end;
end;
