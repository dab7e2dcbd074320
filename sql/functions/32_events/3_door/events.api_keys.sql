create or replace function events.api_keys()
returns table (api_key_id integer, sender text, key_digest bytea, rate double precision)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- Keys that are good, each with its rate in events per second: its own, else the setting's.
    select k.api_key_id, k.sender, k.key_digest, coalesce(k.rate, ops.setting_value('events.api_key.rate')::numeric)::double precision
    from events.api_key k
    where k.revoked_at is null;
$$;
