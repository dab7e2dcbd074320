create or replace function events.add_api_key(p_sender text, p_digest bytea, p_rate numeric default null) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    -- Makes a key good; gives its id. The key itself never comes here.
    --   p_digest  SHA-256 of the key's text
    --   p_rate    events per second; null: the setting events.api_key.rate
    -- Errors: 23505 the key is there already; 23514 a name, digest or rate of another shape
    insert into events.api_key (sender, key_digest, rate) values (p_sender, p_digest, p_rate) returning api_key_id;
$$;
