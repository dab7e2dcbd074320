-- The registry over HTTP: what is asked and what is answered, and every error that a client can be to blame for.
begin;
\ir ../support.psql
\ir requests.psql
select * from no_plan();
select setval('registry.schema_schema_id_seq', 100);

-- Nothing is there.
select is(pg_temp.ask(method, url, body), answer, method || ' ' || url) from (values
    ('GET', '/', null, '200 {}'), ('GET', '/contexts', null, '200 ["."]'), ('GET', '/schemas/types', null, '200 ["JSON","AVRO"]'),
    ('GET', '/schemas', null, '200 []'), ('GET', '/subjects', null, '200 []'), ('GET', '/subjects/', null, '200 []'),
    ('HEAD', '/subjects', null, '200 []'),
    ('GET', '/config', null, '200 {"compatibilityLevel": "BACKWARD"}'), ('GET', '/mode', null, '200 {"mode": "READWRITE"}'),
    ('GET', '/v1/metadata/version', null, '200 {"version":"7.9.0","commitId":"emporium"}'),
    ('GET', '/subjects/a/versions', null, $$404 {"error_code":40401,"message":"Subject 'a' not found."}$$),
    ('GET', '/subjects/a/versions/1', null, $$404 {"error_code":40401,"message":"Subject 'a' not found."}$$),
    ('GET', '/subjects/a/versions/latest/schema', null, $$404 {"error_code":40401,"message":"Subject 'a' not found."}$$),
    ('GET', '/subjects/a/versions/1/referencedby', null, $$404 {"error_code":40401,"message":"Subject 'a' not found."}$$),
    ('POST', '/subjects/a', pg_temp.body('"int"'), $$404 {"error_code":40401,"message":"Subject 'a' not found."}$$),
    ('GET', '/schemas/ids/7', null, '404 {"error_code":40403,"message":"Schema 7 not found"}'),
    ('GET', '/schemas/ids/-7/schema', null, '404 {"error_code":40403,"message":"Schema -7 not found"}'),
    ('GET', '/config/a', null, $$404 {"error_code":40408,"message":"Subject 'a' does not have subject-level compatibility configured"}$$),
    ('GET', '/mode/a', null, $$404 {"error_code":40409,"message":"Subject 'a' does not have subject-level mode configured"}$$),
    ('POST', '/compatibility/subjects/a/versions/latest', pg_temp.body('"int"'), '200 {"is_compatible":true}'),
    ('POST', '/compatibility/subjects/a/versions/-1', pg_temp.body('"int"'), '200 {"is_compatible":true}'),
    ('POST', '/compatibility/subjects/a/versions?verbose=true', pg_temp.body('"int"'), '200 {"is_compatible":true,"messages":[]}'),
    ('POST', '/compatibility/subjects/a/versions/1', pg_temp.body('"int"'), $$404 {"error_code":40401,"message":"Subject 'a' not found."}$$)
) as c (method, url, body, answer);
select is(pg_temp.ask('GET', '/v1/metadata/id')::text, format('200 {"id": "", "scope": {"path": [], "clusters": {"schema-registry-cluster": "%s"}}}', current_database()), 'the server''s id');

-- Registering, and what is there then.
select is(pg_temp.post('a-value', pg_temp.record('R', pg_temp.field('x', '"int"'))), '200 {"id":101,"version":1}', 'a first version');
select is(pg_temp.post('a-value', '{"name":"R", "type":"record", "doc":"the same", "fields":[{"type":{"type":"int"},"name":"x"}]}'),
    '200 {"id":101,"version":1}', 'the same in other words is the same');
select is(pg_temp.change('POST', '/subjects/a-value/versions?normalize=true', pg_temp.body(pg_temp.record('R', pg_temp.field('x', '"int"')), '{"schemaType":"AVRO","references":[]}')),
    '200 {"id":101,"version":1}', 'normalised, with the type named and no references: the same');
select is(pg_temp.change('POST', '/subjects/a-value/versions', pg_temp.body(pg_temp.record('R', pg_temp.field('x', '"int"')),
        '{"schemaType":null,"references":null,"id":null,"version":null,"metadata":null,"ruleSet":null,"unknown":[1]}')),
    '200 {"id":101,"version":1}', 'null is nothing, and what is unknown is passed over');
select is(pg_temp.post('a-value', pg_temp.record('R', pg_temp.field('x', '"long"'), pg_temp.field('y', '"int"', '1'))),
    '200 {"id":102,"version":2}', 'a second version with a wider type and a field that has a default');
select is(pg_temp.post('b-value', pg_temp.record('R', pg_temp.field('x', '"int"'))), '200 {"id":101,"version":1}', 'another subject: the same id');
select is(pg_temp.post('j-value', '{"type": "object"}', '{"schemaType":"JSON"}'), '200 {"id":103,"version":1}', 'a JSON Schema');
select is(pg_temp.post('j-value', ' { "type" :"object"}', '{"schemaType":"JSON"}'), '200 {"id":103,"version":1}', 'spelled otherwise');
select is(pg_temp.post('j-value', '{"type": "array"}', '{"schemaType":"JSON"}'), $$409 {"error_code":409,"message":"Schema being registered is incompatible with an earlier schema for subject \"j-value\", details: version 1 is another: compatibility of JSON Schema is not judged here, so another version needs the subject's level set to NONE"}$$,
    'whose changes are not judged');
select matches(pg_temp.post('j-value', '"int"'), '^409 .*version 1 is of type JSON', 'a subject keeps its type');
select is(pg_temp.post(':.:a-value', pg_temp.record('R', pg_temp.field('x', '"int"'))), '200 {"id":101,"version":1}', 'in the one context there is');

select is(pg_temp.get(url), answer, 'GET ' || url) from (values
    ('/subjects', '200 ["a-value","b-value","j-value"]'), ('/subjects?subjectPrefix=a', '200 ["a-value"]'), ('/subjects?subjectPrefix=:*:', '200 ["a-value","b-value","j-value"]'),
    ('/subjects?subjectPrefix=:.:b', '200 ["b-value"]'), ('/subjects?subjectPrefix=%', '200 []'), ('/subjects?subjectPrefix=z', '200 []'),
    ('/subjects?limit=1&offset=1', '200 ["b-value"]'), ('/subjects?limit=-1&offset=-1', '200 ["a-value","b-value","j-value"]'), ('/subjects?deletedOnly=true', '200 []'),
    ('/subjects?limit=x', '404 {"error_code":404,"message":"HTTP 404 Not Found"}'), ('/schemas?offset=99999999999', '404 {"error_code":404,"message":"HTTP 404 Not Found"}'),
    ('/subjects/a-value/versions', '200 [1,2]'), ('/subjects/a-value/versions?deletedOnly=true', $$200 []$$), ('/subjects/:.:a-value/versions/', '200 [1,2]'),
    ('/subjects/b-value/versions/1', '200 {"subject":"b-value","version":1,"id":101,"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"}]}"}'),
    ('/subjects/b-value/versions/latest', '200 {"subject":"b-value","version":1,"id":101,"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"}]}"}'),
    ('/subjects/j-value/versions/-1', '200 {"subject":"j-value","version":1,"id":103,"schemaType":"JSON","schema":"{\"type\": \"object\"}"}'),
    ('/subjects/j-value/versions/1/schema', '200 {"type": "object"}'),
    ('/subjects/a-value/versions/1/referencedby', '200 []'),
    ('/subjects/a-value/versions/3', '404 {"error_code":40402,"message":"Version 3 not found."}'),
    ('/subjects/a-value/versions/2147483647/schema', '404 {"error_code":40402,"message":"Version 2147483647 not found."}'),
    ('/schemas/ids/101', '200 {"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"}]}"}'),
    ('/schemas/ids/103?fetchMaxId=true&subject=j-value&format=resolved', '200 {"schemaType":"JSON","schema":"{\"type\": \"object\"}","maxId":103}'),
    ('/schemas/ids/103?subject=of-nobody', '200 {"schemaType":"JSON","schema":"{\"type\": \"object\"}"}'),
    ('/schemas/ids/103/schema', '200 {"type": "object"}'),
    ('/schemas/ids/101/subjects', '200 ["a-value","b-value"]'), ('/schemas/ids/101/subjects?subject=b-value', '200 ["b-value"]'), ('/schemas/ids/101/subjects?limit=1', '200 ["a-value"]'),
    ('/schemas/ids/101/versions', '200 [{"subject":"a-value","version":1},{"subject":"b-value","version":1}]'), ('/schemas/ids/101/versions?offset=1', '200 [{"subject":"b-value","version":1}]'),
    ('/schemas?limit=1&offset=3', '200 [{"subject":"j-value","version":1,"id":103,"schemaType":"JSON","schema":"{\"type\": \"object\"}"}]'),
    ('/schemas?subjectPrefix=j&latestOnly=true', '200 [{"subject":"j-value","version":1,"id":103,"schemaType":"JSON","schema":"{\"type\": \"object\"}"}]'),
    ('/schemas?limit=0', '200 []')) as c (url, answer);
select is((select string_agg(format('%s %s %s', e ->> 'subject', e ->> 'version', e ->> 'id'), ', ') from jsonb_array_elements(substr(pg_temp.get(url), 5)::jsonb) e), listed, 'GET ' || url)
from (values ('/schemas', 'a-value 1 101, a-value 2 102, b-value 1 101, j-value 1 103'), ('/schemas?latestOnly=true', 'a-value 2 102, b-value 1 101, j-value 1 103'),
    ('/schemas?subjectPrefix=a-', 'a-value 1 101, a-value 2 102'), ('/schemas?subjectPrefix=:*:&offset=1&limit=2', 'a-value 2 102, b-value 1 101')) as c (url, listed);

-- Look-ups and comparisons.
select is(pg_temp.ask('POST', url, body), answer, 'POST ' || url || ' ' || body) from (values
    ('/subjects/j-value', pg_temp.body('{"type":"object"}', '{"schemaType":"JSON"}'), '200 {"subject":"j-value","version":1,"id":103,"schemaType":"JSON","schema":"{\"type\": \"object\"}"}'),
    ('/subjects/b-value?normalize=true&deleted=true', pg_temp.body(pg_temp.record('R', pg_temp.field('x', '"int"'))),
        '200 {"subject":"b-value","version":1,"id":101,"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"}]}"}'),
    ('/subjects/b-value', pg_temp.body('"int"'), '404 {"error_code":40403,"message":"Schema not found"}'),
    ('/compatibility/subjects/a-value/versions/1', pg_temp.body(pg_temp.record('R', pg_temp.field('x', '"string"'))), '200 {"is_compatible":false}'),
    ('/compatibility/subjects/a-value/versions/latest?verbose=true', pg_temp.body(pg_temp.record('R', pg_temp.field('x', '"string"'))),
        '200 {"is_compatible":false,"messages":["cannot read what version 2 wrote: field x: long cannot be read as string"]}'),
    ('/compatibility/subjects/a-value/versions/1?verbose=TRUE', pg_temp.body(pg_temp.record('R', pg_temp.field('x', '"long"'))), '200 {"is_compatible":true,"messages":[]}'),
    ('/compatibility/subjects/a-value/versions?verbose=true', pg_temp.body(pg_temp.record('R', pg_temp.field('z', '"int"'))),
        $$200 {"is_compatible":false,"messages":["cannot read what version 2 wrote: field z: the reader's schema has no default for it and the writer's has no such field"]}$$),
    ('/compatibility/subjects/a-value/versions', pg_temp.body(pg_temp.record('R', pg_temp.field('x', '"int"'))), '200 {"is_compatible":true}'),
    ('/compatibility/subjects/a-value/versions/3', pg_temp.body('"int"'), '404 {"error_code":40402,"message":"Version 3 not found."}'),
    ('/compatibility/subjects/j-value/versions', pg_temp.body('{"type":"object"}', '{"schemaType":"JSON"}'), '200 {"is_compatible":true}')
) as c (url, body, answer);
select is(pg_temp.code(pg_temp.ask('POST', '/subjects/j-value', pg_temp.body('{"type":"object"}'))), '422 42201', 'JSON Schema that is not said to be it');
select is(pg_temp.change('PUT', '/config/a-value', '{"compatibility":"BACKWARD_TRANSITIVE"}'), '200 {"compatibility": "BACKWARD_TRANSITIVE"}', 'a transitive level');
select is(pg_temp.ask('POST', '/compatibility/subjects/a-value/versions?verbose=true', pg_temp.body(pg_temp.record('R', pg_temp.field('x', '"string"')))),
    '200 {"is_compatible":false,"messages":["cannot read what version 2 wrote: field x: long cannot be read as string","cannot read what version 1 wrote: field x: int cannot be read as string"]}', 'all versions object');
select is(pg_temp.post('a-value', pg_temp.record('R', pg_temp.field('x', '"string"'))),
    '409 {"error_code":409,"message":"Schema being registered is incompatible with an earlier schema for subject \"a-value\", details: cannot read what version 2 wrote: field x: long cannot be read as string; cannot read what version 1 wrote: field x: int cannot be read as string"}', 'and refuse');

-- Bodies that are none, or say nothing, or the wrong things.
create temp table bad_body (body text, code text);
insert into bad_body values
    (null, '400 400'), ('', '400 400'), ('{', '400 400'), ('[]', '400 400'), ('"x"', '400 400'), ('null', '400 400'), ('7', '400 400'), (E'\ufeff{}', '400 400'), ('{}{}', '400 400'),
    (repeat('[', 2097152), '400 400'), (repeat('{"a":', 300000), '400 400'), ('{"schema":"\ud800\ud800"}', '422 42201'), ('{"schema":"\u0000"}', '422 42201'),
    ('{}', '422 42201'), ('{"schema":null}', '422 42201'), ('{"schema":""}', '422 42201'), ('{"schema":5}', '422 42201'), ('{"schema":{"type":"int"}}', '422 42201'), ('{"schema":["int"]}', '422 42201'),
    ('{"schema":true}', '422 42201'), ('{"schema":1e999999999}', '422 42201'), ('{"schema":"int"}', '422 42201'), ('{"schema":"{}"}', '422 42201'), ('{"schema":"nonsense"}', '422 42201'),
    ('{"schema":"\"int\"","schemaType":"PROTOBUF"}', '422 42201'), ('{"schema":"\"int\"","schemaType":"avro"}', '422 42201'), ('{"schema":"\"int\"","schemaType":7}', '422 42201'),
    ('{"schema":"\"int\"","schemaType":"JSON"}', '422 42201'), ('{"schema":"[]","schemaType":"JSON"}', '422 42201'), ('{"schema":"{","schemaType":"JSON"}', '422 42201'),
    ('{"schema":"{\"maximum\":1e99999}","schemaType":"JSON"}', '422 42201'), ('{"schema":"{\"a\":\"\\u0000\"}","schemaType":"JSON"}', '422 42201'),
    (pg_temp.body(format('{"enum":[%s1]}', repeat('1e308,', 150000)), '{"schemaType":"JSON"}'), '422 42201'),
    (pg_temp.body(format('{"a":%s}', repeat('[', 500000)), '{"schemaType":"JSON"}'), '422 42201'),
    (pg_temp.body('"' || repeat('x', 1048576) || '"'), '422 42201'), (pg_temp.body('{"a":"' || repeat('x', 1048576) || '"}', '{"schemaType":"JSON"}'), '422 42201'),
    (pg_temp.body(repeat('[', 1000000)), '422 42201'),
    ('{"schema":"\"int\"","references":{}}', '422 42201'), ('{"schema":"\"int\"","references":"x"}', '422 42201'), ('{"schema":"\"int\"","references":[7]}', '422 42201'),
    ('{"schema":"\"int\"","references":[null]}', '422 42201'), ('{"schema":"\"int\"","references":[{}]}', '422 42201'),
    ('{"schema":"\"int\"","references":[{"name":"a","subject":"b"}]}', '422 42201'), ('{"schema":"\"int\"","references":[{"name":"a","subject":"b","version":"1"}]}', '422 42201'),
    ('{"schema":"\"int\"","references":[{"name":"a","subject":"b","version":0}]}', '422 42201'), ('{"schema":"\"int\"","references":[{"name":"a","subject":"b","version":1.5}]}', '422 42201'),
    ('{"schema":"\"int\"","references":[{"name":"a","subject":"b","version":1e131071}]}', '422 42201'), ('{"schema":"\"int\"","references":[{"name":"a","subject":"b","version":2147483648}]}', '422 42201'),
    ('{"schema":"\"int\"","references":[{"name":5,"subject":"b","version":1}]}', '422 42201'), ('{"schema":"\"int\"","references":[{"name":"","subject":"b","version":1}]}', '422 42201'),
    ('{"schema":"\"int\"","references":[{"name":"a","subject":"\u0000","version":1}]}', '422 42201'), ('{"schema":"\"int\"","references":[{"name":"a","subject":"nowhere","version":1}]}', '422 42201'),
    ('{"schema":"\"int\"","references":[{"name":"a","subject":"a-value","version":-2}]}', '422 42201'), ('{"schema":"\"int\"","references":[{"name":"a","subject":"j-value","version":1}]}', '422 42201'),
    ('{"schema":"\"int\"","references":[{"name":"a","subject":"a-value","version":1},{"name":"a","subject":"a-value","version":1}]}', '422 42201'),
    (format('{"schema":"\"int\"","references":[%s{}]}', repeat('{"name":"a","subject":"b","version":1},', 100)), '422 42201'),
    ('{"schema":"\"int\"","version":"x"}', '422 42202'), ('{"schema":"\"int\"","version":1e99}', '422 42202'), ('{"schema":"\"int\"","version":[]}', '422 42202'),
    ('{"schema":"\"int\"","id":"x"}', '422 42201'), ('{"schema":"\"int\"","id":1.5}', '422 42201'), ('{"schema":"\"int\"","id":99999999999}', '422 42201'),
    ('{"schema":"\"int\"","ruleSet":{"domainRules":[]}}', '422 42210'), ('{"schema":"\"int\"","metadata":{"properties":{}}}', '422 42210');
select is(pg_temp.code(pg_temp.change('POST', '/subjects/new/versions', body)), code, 'registering ' || pg_temp.shown(body)) from bad_body;
select is(pg_temp.code(pg_temp.ask('POST', '/subjects/a-value', body)), code, 'looking up ' || pg_temp.shown(body)) from bad_body;
select is(pg_temp.code(pg_temp.ask('POST', '/compatibility/subjects/a-value/versions/latest', body)), code, 'comparing ' || pg_temp.shown(body)) from bad_body;
select is(pg_temp.code(pg_temp.change('PUT', url, body)), code, format('PUT %s %s', url, pg_temp.shown(body))) from (values
    ('/config', null, '400 400'), ('/config/x', '[]', '400 400'), ('/mode', '{', '400 400'), ('/mode/x', '"IMPORT"', '400 400'),
    ('/config', '{}', '422 42203'), ('/config/x', '{"compatibility":null}', '422 42203'), ('/config', '{"compatibility":"backwards"}', '422 42203'), ('/config', '{"compatibility":7}', '422 42203'),
    ('/config', '{"compatibility":"\u0000"}', '422 42203'), ('/config/x', '{"compatibility":["NONE"]}', '422 42203'), ('/config/x', '{"normalize":true}', '422 42203'),
    ('/mode', '{}', '422 42204'), ('/mode/x', '{"mode":null}', '422 42204'), ('/mode', '{"mode":"WRITEONLY"}', '422 42204'), ('/mode', '{"mode":{}}', '422 42204'), ('/mode/x', '{"mode":"\ud800"}', '422 42204')
) as c (url, body, code);

-- Names and numbers in paths.
select is(pg_temp.code(pg_temp.get('/subjects/a-value/versions/' || version)), '422 42202', 'version ' || pg_temp.shown(version))
from unnest(array['0', '-2', 'x', '1.5', '2147483648', '99999999999999999999', 'late st', '1;drop', '٣']) version;
select is(pg_temp.code(pg_temp.get('/subjects/a-value/versions/' || version)), '200 no error', 'version ' || pg_temp.shown(version)) from unnest(array['LATEST', ' latest ', '01', ' 2', '+1']) version;
select is(pg_temp.code(pg_temp.get('/schemas/ids/' || id)), '404 404', 'id ' || pg_temp.shown(id)) from unnest(array['x', '1.5', '2147483648', '1''', ' 1', '1e2']) id;
select is(pg_temp.code(pg_temp.ask('POST', '/compatibility/subjects/a-value/versions/0', pg_temp.body('"int"'))), '422 42202', 'compared with version 0');
select is(pg_temp.code(pg_temp.change('DELETE', '/subjects/a-value/versions/nought')), '422 42202', 'version nought deleted');
create temp table bad_subject (subject text);
insert into bad_subject values (''), (repeat('x', 256)), (repeat('ä', 128)), (E'a\nb'), (E'a\u0085b'), ('__GLOBAL'), ('__EMPTY'), (':.other:a'), (':*:a');
select is((select pg_temp.code(status || ' ' || body) from registry.change('POST', array['subjects', subject, 'versions'], '{}', pg_temp.body('"int"'))), '422 42208', 'a subject called ' || pg_temp.shown(subject)) from bad_subject;
select is((select pg_temp.code(status || ' ' || body) from registry.change('PUT', array['config', subject], '{}', '{"compatibility":"NONE"}')), '422 42208', 'a level of ' || pg_temp.shown(subject)) from bad_subject where subject <> '';
select is((select pg_temp.code(status || ' ' || body) from registry.ask('GET', array['subjects', subject, 'versions'], '{}', null)), '404 40401', 'versions of ' || pg_temp.shown(subject)) from bad_subject;
create temp table odd_subject (subject text);
insert into odd_subject values (repeat('ä', 127)), ('a/b'), ('..'), ('%41'), ('a"b\c'), (''';drop table registry.schema;--'), ('{a,b}'), ('*'), ('versions'), ('latest'), (' '), ('😀');
select is((select status || ' ' || body from registry.change('POST', array['subjects', subject, 'versions'], '{}', pg_temp.body('"bytes"'))), '200 {"id":104,"version":1}', 'a subject called ' || pg_temp.shown(subject)) from odd_subject;
select is((select body::jsonb ->> 'subject' from registry.ask('GET', array['subjects', subject, 'versions', '1'], '{}', null)), subject, 'and found: ' || pg_temp.shown(subject)) from odd_subject;

-- What is nowhere, and what the other function does.
select is(pg_temp.code(pg_temp.get(url)), '404 404', 'GET ' || url) from unnest(array['/x', '/subjects/a/b', '/subjects/a/versions/1/x', '/schemas/ids', '/schemas/x', '/schemas/ids/1/x', '/config/a/b', '/v1', '/v1/metadata',
    '/compatibility', '/compatibility/subjects/a', '/contexts/x']) url;
select is(pg_temp.code(pg_temp.change('PUT', '/nowhere', '{}')), '404 404', 'PUT /nowhere');
select is((select status || body from registry.ask('GET', null, null, null)), '200{}', 'no path at all is /');
select is((select pg_temp.code(status || ' ' || body) from registry.ask('GET', '{subjects,NULL,versions}', '{}', null)), '404 404', 'a segment that is null');
select is(pg_temp.code(pg_temp.ask(method, url, pg_temp.body('"int"'))), '405 405', format('asked to %s %s', method, url)) from (values
    ('PUT', '/config'), ('DELETE', '/config'), ('PUT', '/mode/x'), ('DELETE', '/subjects/a'), ('DELETE', '/subjects/a/versions/1'), ('POST', '/subjects/a/versions'), ('GET', '/subjects/a'), ('POST', '/subjects'),
    ('GET', '/compatibility/subjects/a/versions'), ('PATCH', '/subjects'), ('', '/'), ('POST', '/schemas/ids/1'), ('get', '/')) as c (method, url);
select is(pg_temp.code(pg_temp.change(method, url, pg_temp.body('"int"'))), '405 405', format('to change: %s %s', method, url)) from (values
    ('GET', '/config'), ('GET', '/subjects'), ('POST', '/subjects/a'), ('POST', '/compatibility/subjects/a/versions'), ('DELETE', '/schemas/ids/1'), ('PUT', '/subjects/a/versions'), ('DELETE', '/subjects'), ('DELETE', '/subjects/'), ('POST', '/config')) as c (method, url);

-- Who may.
select is(pg_temp.ask('GET', '/contexts', null, role), '200 ["."]', role || ' asks') from unnest(array['collector', 'collector_admin', 'registrar']) role;
select is(pg_temp.state_as(role, statement), '42501', format('%s: %s', role, statement))
from unnest(array['loader', 'promoter', 'relay', 'relay_admin', 'privacy', 'analytics']) role, unnest(array[$$select * from registry.ask('GET', '{}', '{}', null)$$, $$select * from registry.change('PUT', '{mode}', '{}', '{}')$$]) statement;
select is(pg_temp.state_as(role, $$select * from registry.change('PUT', '{mode}', '{}', '{}')$$), '42501', role || ' changes nothing') from unnest(array['collector', 'collector_admin']) role;
select is_empty($$select p.oid::regprocedure from pg_proc p cross join lateral aclexplode(p.proacl) a where p.pronamespace = 'registry'::regnamespace
    and p.proname not in ('ask', 'change', 'schema_by_id', 'latest', 'versions', 'subjects', 'compatibility', 'lookup', 'objections', 'register', 'contracts', 'drift')
    and a.grantee <> p.proowner$$, 'what they are made of is granted to nobody');
select is_empty($$select oid::regprocedure from pg_proc where pronamespace = 'registry'::regnamespace and prosecdef and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)$$, 'definers have a pinned path');
-- A server of a mistaken operator answers with an error of its own, not with a client's.
update ops.setting set value = 'SIDEWARDS' where name = 'registry.compatibility';
select is(pg_temp.state_as('registrar', format($$select * from registry.change('POST', '{subjects,b-value,versions}', '{}', %L)$$, pg_temp.body('"int"'))), 'EM306', 'a setting that is no level');
select * from finish();
rollback;
