-- 4,000 seeded requests of which most make no sense: each is answered, in JSON and with a status of the registry's, none is an
-- error of SQL's, and the registry is whole afterwards.
begin;
\ir ../support.psql
\ir requests.psql
select * from no_plan();
create function pg_temp.one_of(variadic p_values text[]) returns text language sql volatile as $$ select p_values[1 + floor(random() * cardinality(p_values))] $$;
create function pg_temp.odd_text() returns text language sql volatile as $$
    select pg_temp.one_of('', ' ', 'a', 'b', 'c-value', 'latest', '-1', '0', '1', '2', '3', '99', '2147483648', '1e3', '..', '%', '%s', '''', '"', '\', '{}', '[]', 'null', '*', ':.:a', ':.x:a', '😀', E'\n', repeat('é', 200),
        'versions', 'schemas', 'ids', 'permanent', 'true', 'AVRO', 'JSON', 'NONE', 'FULL', 'READONLY', 'IMPORT', 'schema', 'e''); drop schema registry cascade; --')
$$;
create function pg_temp.odd_path() returns text[] language plpgsql volatile as $$
declare
    v_path text[] := string_to_array(pg_temp.one_of('', 'schemas', 'schemas/ids/1', 'schemas/ids/2/versions', 'schemas/ids/3/subjects', 'schemas/ids/1/schema', 'subjects', 'subjects/a', 'subjects/b', 'subjects/a/versions',
        'subjects/b/versions', 'subjects/a/versions/1', 'subjects/b/versions/latest', 'subjects/a/versions/1/schema', 'subjects/b/versions/1/referencedby', 'config', 'config/a', 'mode', 'mode/b',
        'compatibility/subjects/a/versions', 'compatibility/subjects/b/versions/latest', 'compatibility/subjects/a/versions/2'), '/');
begin
    if random() < 0.3 and cardinality(v_path) > 0 then
        v_path[1 + floor(random() * cardinality(v_path))] := pg_temp.odd_text();
    end if;
    return case when random() < 0.05 then v_path || pg_temp.odd_text() else v_path end;
end $$;
create function pg_temp.odd_body() returns text language plpgsql volatile as $$
declare
    v_schema text := pg_temp.one_of('"int"', '"long"', '"string"', '["null","int"]', '{"type":"fixed","name":"F","size":3}', '{"type":"enum","name":"E","symbols":["A","B"]}', '{"type":"array","items":"T"}',
        '{"type":"record","name":"T","fields":[{"name":"x","type":"int"}]}', '{"type":"record","name":"T","fields":[{"name":"x","type":"long"},{"name":"y","type":"int","default":0}]}',
        '{"type":"record","name":"T","fields":[{"name":"x","type":["null","T"],"default":null}]}', '{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}', '{"type":"object"}', 'true', '', '{', '7', '1e99999');
    v_body text := jsonb_build_object('schema', v_schema)::text;
    v_place integer;
begin
    v_body := left(v_body, -1) || case when random() < 0.2 then format(',"schemaType":"%s"', pg_temp.one_of('AVRO', 'JSON', 'json', '')) else '' end
        || case when random() < 0.2 then format(',"references":[{"name":"%s","subject":"%s","version":%s}]', pg_temp.one_of('T', 'x', ''), pg_temp.one_of('a', 'b', 'c'), pg_temp.one_of('1', '2', '-1', '0', '1.5', 'null')) else '' end
        || case when random() < 0.1 then format(',"id":%s', pg_temp.one_of('1', '7', '-1', '2147483647', '2147483648', '1e9', '"1"')) else '' end
        || case when random() < 0.1 then format(',"version":%s', pg_temp.one_of('1', '2', '9', '-1', '{}')) else '' end
        || format(',"compatibility":"%s","mode":"%s"}', pg_temp.one_of('NONE', 'NONE', 'BACKWARD', 'FULL_TRANSITIVE', 'x'), pg_temp.one_of('READWRITE', 'READWRITE', 'READWRITE', 'READONLY', 'IMPORT', 'x'));
    if random() < 0.3 then  -- a piece is taken out, or another put in
        v_place := 1 + floor(random() * length(v_body));
        v_body := overlay(v_body placing case when random() < 0.5 then '' else pg_temp.odd_text() end from v_place for floor(random() * 4)::integer);
    end if;
    return case when random() < 0.05 then null else v_body end;
end $$;

create temp table answer (n integer, request text, status integer, body text, state text);
create function pg_temp.ask_oddly(p_n integer) returns void language plpgsql as $$
declare
    v_path text[] := pg_temp.odd_path();
    v_query text[] := case when random() < 0.4 then array[pg_temp.one_of('deleted', 'deletedOnly', 'permanent', 'force', 'limit', 'offset', 'verbose', 'defaultToGlobal', 'subjectPrefix', 'latestOnly', pg_temp.odd_text()),
        pg_temp.one_of('true', 'true', 'false', '1', pg_temp.odd_text())] else '{}' end;
    v_body text := pg_temp.odd_body();
    v_method text := pg_temp.one_of('GET', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH');
    v_changes boolean := random() < 0.7;
    v_answer record;
begin
    execute format('set local role %I', case when v_changes then 'registrar' else 'collector' end);
    if v_changes then
        select * into strict v_answer from registry.change(v_method, v_path, v_query, v_body);
    else
        select * into strict v_answer from registry.ask(v_method, v_path, v_query, v_body);
    end if;
    reset role;
    insert into pg_temp.answer values (p_n, format('%s %s %s %s', v_method, v_path, v_query, left(v_body, 300)), v_answer.status, v_answer.body, null);
exception when others then
    insert into pg_temp.answer values (p_n, format('%s %s %s %s', v_method, v_path, v_query, left(v_body, 300)), null, sqlerrm, sqlstate);
end $$;
select setseed(0.18) \g /dev/null
-- Modes and levels that nobody leaves would make the rest of it dull.
select pg_temp.ask_oddly(n), case when n % 20 = 0 then concat(pg_temp.change('PUT', '/mode', '{"mode":"READWRITE"}'), pg_temp.change('PUT', '/config', '{"compatibility":"BACKWARD"}'),
    pg_temp.change('DELETE', '/mode/a'), pg_temp.change('DELETE', '/mode/b'), pg_temp.change('DELETE', '/config/a'), pg_temp.change('DELETE', '/config/b')) end
from generate_series(1, 4000) n \g /dev/null
select is_empty($$select state, body, pg_temp.shown(request), n from answer where state is not null$$, 'none is an error');
select is_empty($$select status, left(body, 80), pg_temp.shown(request) from answer where state is null and status not in (200, 400, 404, 405, 409, 422)$$, 'each has a status of the registry''s');
select is_empty($$select body, pg_temp.shown(request) from answer where state is null and status <> 200 and (body::jsonb ->> 'error_code' is null or left(body::jsonb ->> 'error_code', 3) <> status::text or body::jsonb ->> 'message' = '')$$,
    'each refusal has a code and a message');
select is_empty($$select 1 from answer where status = 200 and body is null$$, 'each answer a body');
select cmp_ok((select count(*) from answer where status = wanted), '>', 2::bigint, format('%s was among them', wanted)) from unnest(array[200, 400, 404, 405, 422]) wanted;
select cmp_ok((select count(distinct body::jsonb ->> 'error_code') from answer where status <> 200), '>=', 15::bigint, 'and fifteen codes or more');

-- What is left agrees with itself.
select is_empty($$select * from registry.schema s where canonical_digest <> sha256(convert_to(registry.canonical_form(schema_type,
    case schema_type when 'AVRO' then tree else schema_text::jsonb end, (select jsonb_agg(jsonb_build_object('id', r.referenced_id, 'name', r.name, 'subject', r.subject, 'version', r.version) order by r.name)
        from registry.schema_reference r where r.schema_id = s.schema_id)), 'UTF8'))$$, 'each schema has the form that it has');
select is_empty($$select * from registry.schema_reference r where not exists (select from registry.subject_version v where (v.subject, v.version, v.schema_id) = (r.subject, r.version, r.referenced_id))
    and exists (select from registry.subject_version v where v.schema_id = r.schema_id)$$, 'what is referred to is there while a version refers to it');
select is_empty($$select * from registry.schema_reference r join registry.subject_version w on w.schema_id = r.schema_id and w.deleted_at is null
    where not exists (select from registry.subject_version v where (v.subject, v.version) = (r.subject, r.version) and v.deleted_at is null)$$, 'and stands while one that stands does');
select is_empty($$select subject from registry.subject_version where deleted_at is null group by subject, schema_id having count(*) > 1$$, 'no schema twice in a subject');
select * from finish();
rollback;
