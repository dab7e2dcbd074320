create or replace function registry.change(p_method text, p_path text[], p_query text[], p_body text)
returns table (status integer, body text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Does what a request to Confluent's schema registry API asks for, where that changes something: registers, deletes, sets
-- levels and modes. What is refused leaves nothing behind. Parameters and answers: registry.ask(), which answers the rest.
declare
    v_path text[] := registry.trimmed_path(p_path);
    v_route text := registry.route(v_path);
    v_query text[] := coalesce(p_query, '{}');
    v_detail text;
begin
    status := 200;
    if v_route is null then
        perform registry.refuse(404, 'HTTP 404 Not Found');
    elsif v_route = 'subjects/*/versions' and p_method = 'POST' then
        body := registry.change_version(v_path, p_body);
    elsif v_route in ('subjects/*', 'subjects/*/versions/*') and p_method = 'DELETE' then
        body := registry.change_deleted(v_path, v_query);
    elsif v_route in ('config', 'config/*', 'mode', 'mode/*') and p_method in ('PUT', 'DELETE') then
        body := registry.change_settings(p_method, v_path, v_query, p_body);
    else
        perform registry.refuse(405, 'HTTP 405 Method Not Allowed');
    end if;
    return next;
exception when sqlstate 'EM308' or sqlstate 'EM301' or sqlstate 'EM302' or sqlstate 'EM303' or sqlstate 'EM304' or sqlstate 'EM305'
    or sqlstate 'EM307' then
    get stacked diagnostics v_detail = pg_exception_detail;
    return query select * from registry.error_answer(sqlstate, sqlerrm, v_detail, registry.subject_named(v_path[2]));
end
$$;
