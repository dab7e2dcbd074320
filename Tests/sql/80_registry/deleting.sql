-- Versions and subjects deleted from view, and for good; what refers to what, and what that keeps.
begin;
\ir ../support.psql
\ir requests.psql
select * from no_plan();
select setval('registry.schema_schema_id_seq', 100);
select is(pg_temp.change('PUT', '/config', '{"compatibility":"NONE"}'), '200 {"compatibility": "NONE"}', 'whatever comes');
select is(pg_temp.post('a', '"int"') || pg_temp.post('a', '"long"') || pg_temp.post('a', '"float"') || pg_temp.post('b', '"long"'),
    '200 {"id":101,"version":1}200 {"id":102,"version":2}200 {"id":103,"version":3}200 {"id":102,"version":1}', 'two subjects');

-- A version.
select is(pg_temp.change('DELETE', url), answer, 'DELETE ' || url) from (values
    ('/subjects/nobody/versions/1', $$404 {"error_code":40401,"message":"Subject 'nobody' not found."}$$), ('/subjects/a/versions/4', '404 {"error_code":40402,"message":"Version 4 not found."}'),
    ('/subjects/a/versions/0', $$422 {"error_code":42202,"message":"The specified version '0' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""}$$),
    ('/subjects/a/versions/2?permanent=true', $$404 {"error_code":40407,"message":"Subject 'a' Version 2 was not deleted first before being permanently deleted"}$$),
    ('/subjects/a/versions/latest?permanent=true', $$404 {"error_code":40407,"message":"Subject 'a' Version 3 was not deleted first before being permanently deleted"}$$),
    ('/subjects/a/versions/2', '200 2'), ('/subjects/a/versions/2', $$404 {"error_code":40406,"message":"Subject 'a' Version 2 was soft deleted. Set permanent=true to delete permanently"}$$),
    ('/subjects/a/versions/latest', '200 3'), ('/subjects/a/versions/3?permanent=false', $$404 {"error_code":40406,"message":"Subject 'a' Version 3 was soft deleted. Set permanent=true to delete permanently"}$$)) as c (url, answer);
select is(pg_temp.get(url), answer, 'GET ' || url) from (values
    ('/subjects/a/versions', '200 [1]'), ('/subjects/a/versions?deleted=true', '200 [1,2,3]'), ('/subjects/a/versions?deletedOnly=true', '200 [2,3]'), ('/subjects/a/versions?deleted=true&limit=1&offset=1', '200 [2]'),
    ('/subjects/a/versions/2', '404 {"error_code":40402,"message":"Version 2 not found."}'), ('/subjects/a/versions/2?deleted=true', '200 {"subject":"a","version":2,"id":102,"schema":"\"long\""}'),
    ('/subjects/a/versions/latest?deleted=true', '200 {"subject":"a","version":1,"id":101,"schema":"\"int\""}'), ('/subjects/a/versions/3/schema?deleted=true', '200 "float"'),
    ('/schemas/ids/103', '200 {"schema":"\"float\""}'), ('/schemas/ids/103/versions', '200 []'), ('/schemas/ids/103/versions?deleted=true', '200 [{"subject":"a","version":3}]'),
    ('/schemas/ids/103/subjects', '200 []'), ('/schemas/ids/103/subjects?deleted=true', '200 ["a"]'), ('/schemas/ids/102/subjects', '200 ["b"]')) as c (url, answer);
select is((select string_agg(format('%s %s', e ->> 'subject', e ->> 'version'), ', ') from jsonb_array_elements(substr(pg_temp.get(url), 5)::jsonb) e), listed, 'GET ' || url)
from (values ('/schemas', 'a 1, b 1'), ('/schemas?deleted=true', 'a 1, a 2, a 3, b 1'), ('/schemas?latestOnly=true', 'a 1, b 1'), ('/schemas?latestOnly=true&deleted=true', 'a 3, b 1')) as c (url, listed);
select is(pg_temp.code(pg_temp.ask('POST', '/subjects/a', pg_temp.body('"float"'))), '404 40403', 'a deleted version is not looked up');
select is(pg_temp.ask('POST', '/subjects/a?deleted=true', pg_temp.body('"float"')), '200 {"subject":"a","version":3,"id":103,"schema":"\"float\""}', 'unless it is asked for');
select is(pg_temp.post('a', '"float"'), '200 {"id":103,"version":4}', 'registered again: its id, the next version');
select is(pg_temp.ask('POST', '/subjects/a?deleted=true', pg_temp.body('"float"')), '200 {"subject":"a","version":4,"id":103,"schema":"\"float\""}', 'and the one that stands is found first');
select is(pg_temp.change('DELETE', '/subjects/a/versions/2?permanent=true'), '200 2', 'for good');
select is(pg_temp.get('/subjects/a/versions?deleted=true'), '200 [1,3,4]', 'the version is gone');
select is(pg_temp.code(pg_temp.change('DELETE', '/subjects/a/versions/2?permanent=true')), '404 40402', 'and cannot go again');
select is((select string_agg(schema_id::text, ' ' order by schema_id) from registry.schema), '101 102 103', 'schemas stay');

-- A subject, and what it had of its own.
select is(pg_temp.change('PUT', '/config/a', '{"compatibility":"full"}') || pg_temp.change('PUT', '/mode/a', '{"mode":"readwrite"}'), '200 {"compatibility": "FULL"}200 {"mode": "READWRITE"}', 'a level and a mode of its own');
select is(pg_temp.change('DELETE', url), answer, 'DELETE ' || url) from (values
    ('/subjects/nobody', $$404 {"error_code":40401,"message":"Subject 'nobody' not found."}$$), ('/subjects/nobody?permanent=true', $$404 {"error_code":40401,"message":"Subject 'nobody' not found."}$$),
    ('/subjects/a?permanent=true', $$404 {"error_code":40405,"message":"Subject 'a' was not deleted first before being permanently deleted"}$$),
    ('/subjects/a', '200 [1,4]'), ('/subjects/a', $$404 {"error_code":40404,"message":"Subject 'a' was soft deleted. Set permanent=true to delete permanently"}$$)) as c (url, answer);
select is(pg_temp.get(url), answer, 'GET ' || url) from (values
    ('/subjects', '200 ["b"]'), ('/subjects?deleted=true', '200 ["a","b"]'), ('/subjects?deletedOnly=true', '200 ["a"]'), ('/subjects?deletedOnly=true&deleted=true', '200 ["a"]'),
    ('/subjects/a/versions', $$404 {"error_code":40401,"message":"Subject 'a' not found."}$$), ('/subjects/a/versions?deletedOnly=true', '200 [1,3,4]'),
    ('/subjects/a/versions/1', $$404 {"error_code":40401,"message":"Subject 'a' not found."}$$), ('/subjects/a/versions/latest', $$404 {"error_code":40401,"message":"Subject 'a' not found."}$$),
    ('/subjects/a/versions/1?deleted=true', '200 {"subject":"a","version":1,"id":101,"schema":"\"int\""}'),
    ('/config/a?defaultToGlobal=true', '200 {"compatibilityLevel": "NONE"}'), ('/mode/a?defaultToGlobal=true', '200 {"mode": "READWRITE"}')) as c (url, answer);
select is(pg_temp.code(pg_temp.get('/config/a')) || ' ' || pg_temp.code(pg_temp.get('/mode/a')), '404 40408 404 40409', 'what was its own went with it');
select is(pg_temp.code(pg_temp.ask('POST', '/subjects/a', pg_temp.body('"int"'))), '404 40401', 'nothing of it is looked up');
select is(pg_temp.ask('POST', '/compatibility/subjects/a/versions', pg_temp.body('"string"')), '200 {"is_compatible":true}', 'nothing of it objects');
select is(pg_temp.post('a', '"string"'), '200 {"id":104,"version":5}', 'it begins anew, and gives no number again');
select is(pg_temp.change('PUT', '/config/a', '{"compatibility":"NONE"}'), '200 {"compatibility": "NONE"}', 'a level again');
select is(pg_temp.change('DELETE', '/subjects/a/versions/latest'), '200 5', 'its last version goes');
select is(pg_temp.code(pg_temp.get('/config/a')), '404 40408', 'and the level with it');
select is(pg_temp.change('DELETE', '/subjects/a?permanent=true'), '200 [1,3,4,5]', 'for good');
select is(pg_temp.get('/subjects?deleted=true'), '200 ["b"]', 'it is as if it had never been');
select is(pg_temp.get('/schemas/ids/101'), '200 {"schema":"\"int\""}', 'but for its schemas: messages have their ids');
select is(pg_temp.post('a', '"int"'), '200 {"id":101,"version":1}', 'a subject of that name begins with 1, its schema keeps its id');

-- References.
select is(pg_temp.change('PUT', '/config', '{"compatibility":"BACKWARD"}'), '200 {"compatibility": "BACKWARD"}', 'from here on with care');
select is(pg_temp.post('street', pg_temp.record('geo.Street', pg_temp.field('name', '"string"'))), '200 {"id":105,"version":1}', 'a type');
select is(pg_temp.post('street', pg_temp.record('geo.Street', pg_temp.field('name', '"string"'), pg_temp.field('no', '"int"', '0'))), '200 {"id":106,"version":2}', 'and its second version');
select is(pg_temp.post('address', pg_temp.record('geo.Address', pg_temp.field('street', '"geo.Street"')), '{"references":[{"name":"geo.Street","subject":"street","version":1}]}'),
    '200 {"id":107,"version":1}', 'one that has it');
select is(pg_temp.post('person', pg_temp.record('Person', pg_temp.field('home', '"geo.Address"'), pg_temp.field('born_in', '"geo.Street"')),
        '{"references":[{"name":"geo.Address","subject":"address","version":-1},{"name":"geo.Street","subject":":.:street","version":1}]}'), '200 {"id":108,"version":1}', 'one that has both; -1 is the newest');
select is(pg_temp.post('person', pg_temp.record('Person', pg_temp.field('home', '"geo.Address"'), pg_temp.field('born_in', '"geo.Street"')),
        '{"references":[{"name":"geo.Street","subject":"street","version":1},{"name":"geo.Address","subject":"address","version":1}]}'), '200 {"id":108,"version":1}', 'the order of references makes no other schema');
select is(pg_temp.code(pg_temp.post('person', pg_temp.record('Person', pg_temp.field('home', '"geo.Address"'), pg_temp.field('born_in', '"geo.Street"')))), '422 42201', 'without them it is none');
select is(pg_temp.post('address', pg_temp.record('geo.Address', pg_temp.field('street', '"geo.Street"')), '{"references":[{"name":"geo.Street","subject":"street","version":2}]}'),
    '200 {"id":109,"version":2}', 'the same text with another version of what it refers to is another schema');
select is(pg_temp.get(url), answer, 'GET ' || url) from (values
    ('/schemas/ids/107', '200 {"schema":"{\"type\":\"record\",\"name\":\"geo.Address\",\"fields\":[{\"name\":\"street\",\"type\":\"geo.Street\"}]}","references":[{"name":"geo.Street","subject":"street","version":1}]}'),
    ('/subjects/address/versions/2', '200 {"subject":"address","version":2,"id":109,"references":[{"name":"geo.Street","subject":"street","version":2}],"schema":"{\"type\":\"record\",\"name\":\"geo.Address\",\"fields\":[{\"name\":\"street\",\"type\":\"geo.Street\"}]}"}'),
    ('/subjects/street/versions/1/referencedby', '200 [107,108]'), ('/subjects/street/versions/2/referencedby', '200 [109]'), ('/subjects/street/versions/latest/referencedby', '200 [109]'),
    ('/subjects/address/versions/1/referencedby', '200 [108]'), ('/subjects/person/versions/1/referencedby', '200 []')) as c (url, answer);
select is((substr(pg_temp.get('/schemas/ids/108'), 5)::jsonb -> 'references'), '[{"name": "geo.Address", "subject": "address", "version": 1}, {"name": "geo.Street", "subject": "street", "version": 1}]', 'references as they were given');
select is((substr(pg_temp.ask('POST', '/subjects/address', pg_temp.body(pg_temp.record('geo.Address', pg_temp.field('street', '"geo.Street"')),
    '{"references":[{"name":"geo.Street","subject":"street","version":1}]}')), 5)::jsonb ->> 'id'), '107', 'looked up with its references');
select matches(pg_temp.ask('POST', '/compatibility/subjects/address/versions/latest?verbose=true', pg_temp.body(pg_temp.record('geo.Address', pg_temp.field('street', pg_temp.record('geo.Street', pg_temp.field('name', '"int"')))))),
    'field street.name: string cannot be read as int', 'compared by what they refer to');
select is((substr(pg_temp.get('/schemas?subjectPrefix=address'), 5)::jsonb #>> '{1,references,0,version}'), '2', 'listed with them');
select is(pg_temp.change('DELETE', url), answer, 'DELETE ' || url) from (values
    ('/subjects/street/versions/1', '422 {"error_code":42206,"message":"One or more references exist to the schema {subject=street,version=1}"}'),
    ('/subjects/street', '422 {"error_code":42206,"message":"One or more references exist to the schema {subject=street,version=1}"}'),
    ('/subjects/address/versions/latest', '200 2'), ('/subjects/address/versions/1', '422 {"error_code":42206,"message":"One or more references exist to the schema {subject=address,version=1}"}'),
    ('/subjects/street/versions/2', '200 2'), ('/subjects/street/versions/2?permanent=true', '422 {"error_code":42206,"message":"One or more references exist to the schema {subject=street,version=2}"}'),
    ('/subjects/address/versions/2?permanent=true', '200 2'), ('/subjects/street/versions/2?permanent=true', '200 2'),
    ('/subjects/person', '200 [1]'), ('/subjects/address', '200 [1]'), ('/subjects/street', '200 [1]'),
    ('/subjects/street?permanent=true', '422 {"error_code":42206,"message":"One or more references exist to the schema {subject=street,version=1}"}')) as c (url, answer);
select is(pg_temp.get('/subjects/street/versions/1/referencedby'), '200 []', 'what is deleted refers to nothing that is listed');
select is(pg_temp.code(pg_temp.post('other', pg_temp.record('Other', pg_temp.field('s', '"geo.Street"')), '{"references":[{"name":"geo.Street","subject":"street","version":1}]}')), '422 42201', 'nothing new refers to what is deleted');
select matches(pg_temp.post('other', pg_temp.record('Other', pg_temp.field('s', '"geo.Street"')), '{"references":[{"name":"geo.Street","subject":"street","version":1}]}'), 'it refers to street version 1, which is not there', 'and is told so');
select is(pg_temp.code(pg_temp.ask('POST', '/subjects/person?deleted=true', pg_temp.body(pg_temp.record('Person', pg_temp.field('home', '"geo.Address"'), pg_temp.field('born_in', '"geo.Street"')),
    '{"references":[{"name":"geo.Street","subject":"street","version":1},{"name":"geo.Address","subject":"address","version":1}]}'))), '200 no error', 'what was is still looked up');
select is(pg_temp.change('DELETE', '/subjects/person?permanent=true') || pg_temp.change('DELETE', '/subjects/address?permanent=true') || pg_temp.change('DELETE', '/subjects/street?permanent=true'), '200 [1]200 [1]200 [1]', 'from the outside in, all goes');
select is(pg_temp.get('/schemas/ids/107'), '200 {"schema":"{\"type\":\"record\",\"name\":\"geo.Address\",\"fields\":[{\"name\":\"street\",\"type\":\"geo.Street\"}]}","references":[{"name":"geo.Street","subject":"street","version":1}]}', 'by id it is what it was');
select is((select (r.resolved_text::jsonb #>> '{fields,0,type,fields,0,name}') || ' ' || r.schema_references from registry.schema_by_id(107) r), 'name [{"name": "geo.Street", "subject": "street", "version": 1}]', 'and resolved though what it refers to is gone');
-- Versions of one subject that refer to one another go with it.
select is(pg_temp.change('PUT', '/config/self', '{"compatibility":"NONE"}'), '200 {"compatibility": "NONE"}', 'a level before there is a version');
select is(pg_temp.post('self', pg_temp.record('A', pg_temp.field('x', '"int"'))) || pg_temp.post('self', pg_temp.record('B', pg_temp.field('a', '"A"')), '{"references":[{"name":"A","subject":"self","version":1}]}'),
    '200 {"id":110,"version":1}200 {"id":111,"version":2}', 'a subject that refers to itself');
select is(pg_temp.code(pg_temp.change('DELETE', '/subjects/self/versions/1')), '422 42206', 'the first alone stays');
select is(pg_temp.change('DELETE', '/subjects/self') || pg_temp.change('DELETE', '/subjects/self?permanent=true'), '200 [1,2]200 [1,2]', 'both go');
-- References of JSON Schema.
select is(pg_temp.post('part', '{"type":"string"}', '{"schemaType":"JSON"}'), '200 {"id":112,"version":1}', 'a part');
select is(pg_temp.post('whole', '{"$ref":"part.json"}', '{"schemaType":"JSON","references":[{"name":"part.json","subject":"part","version":1}]}'), '200 {"id":113,"version":1}', 'a whole');
select is(pg_temp.get('/schemas/ids/113'), '200 {"schemaType":"JSON","schema":"{\"$ref\":\"part.json\"}","references":[{"name":"part.json","subject":"part","version":1}]}', 'as it was given');
select is((select r.resolved_text from registry.schema_by_id(113) r), '{"$ref":"part.json"}', 'its text is not resolved');
select is(pg_temp.code(pg_temp.change('DELETE', '/subjects/part')), '422 42206', 'a part that is used stays');
select is(concat(pg_temp.change('DELETE', '/subjects/whole'), pg_temp.change('DELETE', '/subjects/whole?permanent=true'), pg_temp.change('DELETE', '/subjects/part'), pg_temp.change('DELETE', '/subjects/part?permanent=true'),
    pg_temp.post('part', '{"type":"number"}', '{"schemaType":"JSON"}')), '200 [1]200 [1]200 [1]200 [1]200 {"id":114,"version":1}', 'the part is another now');
select is(pg_temp.post('whole', '{"$ref":"part.json"}', '{"schemaType":"JSON","references":[{"name":"part.json","subject":"part","version":1}]}'), '200 {"id":115,"version":1}', 'and so is the whole, word for word the same');
-- 100 references, each an own type, in one.
select is(count(*), 100::bigint, 'a hundred types') from generate_series(1, 100) i where pg_temp.post('t' || i, pg_temp.record('T' || i, pg_temp.field('x', '"int"'))) like '200 %';
select is(pg_temp.code(pg_temp.post('hundred', (select format('{"type":"record","name":"H","fields":[%s]}', string_agg(pg_temp.field('f' || i, format('"T%s"', i)), ',')) from generate_series(1, 100) i),
    jsonb_build_object('references', (select jsonb_agg(jsonb_build_object('name', 'T' || i, 'subject', 't' || i, 'version', 1)) from generate_series(1, 100) i)))), '200 no error', 'used at once');
select is((select count(*) from registry.schema_reference r join registry.subject_version v on v.schema_id = r.schema_id where v.subject = 'hundred'), 100::bigint, 'are kept');
select * from finish();
rollback;
