create or replace function events.revoke_api_key(p_api_key integer default null, p_sender text default null)
returns table (api_key_id integer, sender text, revoked_at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Revokes one key, or every key of a sender that is good; gives those revoked now. Again: a key that is revoked stays as
-- it is, and is not given.
-- Errors: EM310 there is no such key or sender, EM311 not one of both was named
begin
    if (p_api_key is null) = (p_sender is null) then
        raise exception using errcode = 'EM311', message = 'name a key or a sender', hint = 'one of both';
    end if;
    if not exists (select from events.api_key k where k.api_key_id = p_api_key or k.sender = p_sender) then
        raise exception using errcode = 'EM310',
            message = coalesce('there is no API key ' || p_api_key, format('sender %s has no API key', p_sender)),
            hint = 'emporium collect keys list';
    end if;
    return query
        update events.api_key k set revoked_at = greatest(clock_timestamp(), k.created_at)
        where (k.api_key_id = p_api_key or k.sender = p_sender) and k.revoked_at is null
        returning k.api_key_id, k.sender, k.revoked_at;
end
$$;
