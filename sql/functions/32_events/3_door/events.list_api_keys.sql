create or replace function events.list_api_keys()
returns table (api_key_id integer, sender text, rate numeric, created_at timestamptz, revoked_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- Every key ever made, without its digest; rate is null where the setting counts.
    select k.api_key_id, k.sender, k.rate, k.created_at, k.revoked_at from events.api_key k order by k.api_key_id;
$$;
