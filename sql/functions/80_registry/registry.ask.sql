create or replace function registry.ask(p_method text, p_path text[], p_query text[], p_body text)
returns table (status integer, body text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
-- Answers a request to Confluent's schema registry API that changes nothing.
--   p_method  GET, HEAD, POST
--   p_path    its segments, decoded, without the leading slash: {subjects,orders-value,versions}; / is {}
--   p_query   names and values in turn, decoded
--   p_body    null: none
--   body      JSON; of …/schema the schema's text. Errors are {"error_code": 40401, "message": …}
-- What is another's, or registry.change()'s to do, is answered 405; what is nowhere, 404.
declare
    v_path text[] := registry.trimmed_path(p_path);
    v_route text := registry.route(v_path);
    v_query text[] := coalesce(p_query, '{}');
    v_detail text;
    v_posted boolean := v_route = 'subjects/*' or v_route like 'compatibility/%';
begin
    status := 200;
    if v_route is null then
        perform registry.refuse(404, 'HTTP 404 Not Found');
    elsif v_posted <> (p_method = 'POST') or p_method not in ('GET', 'HEAD', 'POST') then
        perform registry.refuse(405, 'HTTP 405 Method Not Allowed');
    end if;
    body := case
        when v_route = '' then '{}'
        when v_route = 'contexts' then '["."]'
        when v_route = 'v1/metadata/id' then jsonb_build_object(
            'id', '', 'scope', jsonb_build_object(
                'path', '[]'::jsonb, 'clusters', jsonb_build_object('schema-registry-cluster', current_database())))::text
        -- The version whose API this is.
        when v_route = 'v1/metadata/version' then '{"version":"7.9.0","commitId":"emporium"}'
        when v_route = 'schemas/types' then '["JSON","AVRO"]'
        when v_route = 'schemas' then registry.ask_listing(v_query)
        when v_route like 'schemas/%' then registry.ask_schemas(v_route, v_path, v_query)
        when v_route = 'subjects' or v_route like 'subjects/%' then registry.ask_subjects(v_route, v_path, v_query, p_body)
        when v_route like 'compatibility/%' then registry.ask_compatibility(v_path, v_query, p_body)
        else registry.ask_settings(v_route, v_path, v_query)
    end;
    return next;
exception when sqlstate 'EM308' or sqlstate 'EM301' or sqlstate 'EM304' then
    get stacked diagnostics v_detail = pg_exception_detail;
    return query select * from registry.error_answer(sqlstate, sqlerrm, v_detail, null);
end
$$;
