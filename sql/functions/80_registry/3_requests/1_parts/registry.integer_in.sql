create or replace function registry.integer_in(p_text text) returns integer
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- The number that a text is, where it is one of 32 bits; null where it is not.
    select case when p_text ~ '^[+-]?[0-9]{1,10}$' then
        case when p_text::bigint between -2147483648 and 2147483647 then p_text::integer end end;
$$;
