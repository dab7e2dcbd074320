create or replace function registry.page_number(p_query text[], p_name text) returns integer
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- A number that a query has, for offset and limit; null: none, or one below 0.
-- Errors: EM308 404, as Confluent's answers, for what is no number
declare
    v_text text := registry.argument(p_query, p_name);
    v_number integer := registry.integer_in(v_text);
begin
    if v_text <> '' and v_number is null then
        perform registry.refuse(404, 'HTTP 404 Not Found');
    end if;
    return case when v_number >= 0 then v_number end;
end
$$;
