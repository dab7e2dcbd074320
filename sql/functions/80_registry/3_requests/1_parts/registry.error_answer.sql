create or replace function registry.error_answer(
    p_state text, p_message text, p_detail text, p_subject text, out status integer, out body text)
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- What an error of ours is over HTTP. Null: nothing that a client is to blame for.
    --   p_state  SQLSTATE
    select left(e.error_code::text, 3)::integer, row_to_json(e)::text
    from (
        select case p_state
                when 'EM308' then p_detail::integer
                when 'EM301' then 42201 when 'EM304' then 42201 when 'EM302' then 409
                when 'EM303' then 42205 when 'EM305' then 42208 when 'EM307' then 42207 end as error_code,
            case
                when p_state in ('EM301', 'EM304') then 'Invalid schema: ' || p_message || coalesce(nullif(': ' || p_detail, ': '), '')
                when p_state = 'EM302' then format(
                    'Schema being registered is incompatible with an earlier schema for subject "%s", details: %s',
                    p_subject, replace(p_detail, E'\n', '; '))
                else p_message end as message
    ) e
    where e.error_code is not null;
$$;
