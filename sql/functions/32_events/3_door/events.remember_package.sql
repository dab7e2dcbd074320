create or replace function events.remember_package(p_api_key integer, p_key text, p_digest bytea, p_package uuid)
returns table (package_id uuid, is_same boolean)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    -- The id that a sender's package has: the first ever given under this idempotency key. Of two posts at once the later
    -- waits for the earlier and gets its id, which `on conflict do nothing` would not see.
    --   p_digest   SHA-256 of the body; is_same is false where the first one's was another
    --   p_package  the id for a package that is new
    -- Errors: 23503 there is no such API key; 23514 a key or digest of another shape
    insert into events.package as k (api_key_id, idempotency_key, body_digest, package_id)
    values (p_api_key, p_key, p_digest, p_package)
    on conflict on constraint package_pkey do update set remembered_at = k.remembered_at
    returning k.package_id, k.body_digest = p_digest;
$$;
