-- Levels and modes: of a subject, of all, and what they allow.
begin;
\ir ../support.psql
\ir requests.psql
select * from no_plan();
select setval('registry.schema_schema_id_seq', 100);

-- Levels.
select is(pg_temp.change(method, url, body), answer, format('%s %s %s', method, url, body)) from (values
    ('PUT', '/config', '{"compatibility":"forward_transitive"}', '200 {"compatibility": "FORWARD_TRANSITIVE"}'), ('PUT', '/config/s', '{"compatibility":"FULL"}', '200 {"compatibility": "FULL"}'),
    ('PUT', '/config/s', '{"compatibility":"BACKWARD_TRANSITIVE","unknown":1}', '200 {"compatibility": "BACKWARD_TRANSITIVE"}'),
    ('DELETE', '/config/t', null, $$404 {"error_code":40401,"message":"Subject 't' not found."}$$), ('DELETE', '/mode/s', null, $$404 {"error_code":40401,"message":"Subject 's' not found."}$$),
    ('PUT', '/mode/s', '{"mode":"ReadWrite"}', '200 {"mode": "READWRITE"}')) as c (method, url, body, answer);
select is(pg_temp.get(url), answer, 'GET ' || url) from (values
    ('/config', '200 {"compatibilityLevel": "FORWARD_TRANSITIVE"}'), ('/config?defaultToGlobal=true', '200 {"compatibilityLevel": "FORWARD_TRANSITIVE"}'),
    ('/config/s', '200 {"compatibilityLevel": "BACKWARD_TRANSITIVE"}'), ('/config/s?defaultToGlobal=true', '200 {"compatibilityLevel": "BACKWARD_TRANSITIVE"}'), ('/config/:.:s', '200 {"compatibilityLevel": "BACKWARD_TRANSITIVE"}'),
    ('/config/t?defaultToGlobal=true', '200 {"compatibilityLevel": "FORWARD_TRANSITIVE"}'), ('/config/t?defaultToGlobal=false', $$404 {"error_code":40408,"message":"Subject 't' does not have subject-level compatibility configured"}$$),
    ('/mode/s', '200 {"mode": "READWRITE"}'), ('/mode/t?defaultToGlobal=true', '200 {"mode": "READWRITE"}')) as c (url, answer);
select is(registry.compatibility('s') || ' ' || registry.compatibility('t'), 'BACKWARD_TRANSITIVE FORWARD_TRANSITIVE', 'the level that counts');
select is(pg_temp.change('DELETE', '/config/s'), '200 {"compatibilityLevel": "BACKWARD_TRANSITIVE"}', 'a subject gives its level back');
select is(pg_temp.get('/mode/s'), '200 {"mode": "READWRITE"}', 'and keeps its mode');
select is(pg_temp.change('PUT', '/config/s', '{"compatibility":"NONE"}') || pg_temp.change('DELETE', '/mode/s'), '200 {"compatibility": "NONE"}200 {"mode": "READWRITE"}', 'or the other way round');
select is(pg_temp.get('/config/s'), '200 {"compatibilityLevel": "NONE"}', 'and keeps its level');
select is(pg_temp.change('DELETE', '/config/s') || pg_temp.change('DELETE', '/config'), '200 {"compatibilityLevel": "NONE"}200 {"compatibilityLevel": "FORWARD_TRANSITIVE"}', 'and all of them');
select is(pg_temp.get('/config/s?defaultToGlobal=true'), '200 {"compatibilityLevel": "BACKWARD"}', 'back to the first');
select is((select count(*) from registry.subject_setting), 0::bigint, 'nothing is left of it');

-- What each level asks of a version after two: x int; x int and y with a default. Adding and dropping fields with and without defaults.
create temp table step (name text, schema text);
insert into step values
    ('adds with default', pg_temp.record('R', pg_temp.field('x', '"int"'), pg_temp.field('y', '"int"', '0'), pg_temp.field('z', '"int"', '0'))),
    ('adds without', pg_temp.record('R', pg_temp.field('x', '"int"'), pg_temp.field('y', '"int"', '0'), pg_temp.field('z', '"int"'))),
    ('drops one with default', pg_temp.record('R', pg_temp.field('x', '"int"'), pg_temp.field('w', '"int"', '0'))),
    ('drops one without', pg_temp.record('R', pg_temp.field('y', '"int"', '0'))),
    ('reads y without default', pg_temp.record('R', pg_temp.field('x', '"int"'), pg_temp.field('y', '"int"')));
select is(pg_temp.post('l', pg_temp.record('R', pg_temp.field('x', '"int"'))) || pg_temp.post('l', pg_temp.record('R', pg_temp.field('x', '"int"'), pg_temp.field('y', '"int"', '0'))),
    '200 {"id":101,"version":1}200 {"id":102,"version":2}', 'two versions');
create function pg_temp.allowed(p_level text) returns text language plpgsql as $$
begin
    perform pg_temp.change('PUT', '/config/l', jsonb_build_object('compatibility', p_level)::text);
    return (select string_agg(name, ', ' order by name) from pg_temp.step where pg_temp.ask('POST', '/compatibility/subjects/l/versions', pg_temp.body(schema)) like '%true%');
end $$;
select is(pg_temp.allowed(level), allowed, level) from (values
    ('NONE', 'adds with default, adds without, drops one with default, drops one without, reads y without default'),
    ('BACKWARD', 'adds with default, drops one with default, drops one without, reads y without default'),
    ('BACKWARD_TRANSITIVE', 'adds with default, drops one with default, drops one without'),
    ('FORWARD', 'adds with default, adds without, drops one with default, reads y without default'),
    ('FORWARD_TRANSITIVE', 'adds with default, adds without, drops one with default, reads y without default'),
    ('FULL', 'adds with default, drops one with default, reads y without default'),
    ('FULL_TRANSITIVE', 'adds with default, drops one with default')) as c (level, allowed);
select is((select array_agg(sentence) from registry.objections('l', (select schema from step where name = 'drops one without')) sentence),
    array['version 2 cannot read what it writes: field x: the reader''s schema has no default for it and the writer''s has no such field', 'version 1 cannot read what it writes: field x: the reader''s schema has no default for it and the writer''s has no such field'],
    'what FULL_TRANSITIVE objects to, the newest first');
select is(pg_temp.code(pg_temp.post('l', (select schema from step where name = 'reads y without default'))), '409 409', 'refused');
select is(pg_temp.change('PUT', '/config/l', '{"compatibility":"NONE"}') || pg_temp.post('l', '"string"'), '200 {"compatibility": "NONE"}200 {"id":103,"version":3}', 'NONE takes another kind altogether');
select is(pg_temp.post('l', '{"type":"string"}', '{"schemaType":"JSON"}'), '200 {"id":104,"version":4}', 'even another type, whose text may be the same but for that');

-- Modes.
create function pg_temp.tried(p_subject text) returns text language sql as $$
    select format('old %s, new %s, import %s, delete %s, level %s, level off %s',
        pg_temp.code(pg_temp.post(p_subject, '"boolean"')), pg_temp.code(pg_temp.post(p_subject, '"bytes"')), pg_temp.code(pg_temp.post(p_subject, '"bytes"', '{"id":500}')),
        pg_temp.code(pg_temp.change('DELETE', format('/subjects/%s/versions/1', p_subject))), pg_temp.code(pg_temp.change('PUT', '/config/' || p_subject, '{"compatibility":"FULL"}')),
        pg_temp.code(pg_temp.change('DELETE', '/config/' || p_subject)))
$$;
select is(pg_temp.post('m', '"boolean"') || pg_temp.post('n', '"boolean"'), '200 {"id":105,"version":1}200 {"id":105,"version":1}', 'two subjects');
select is(pg_temp.change('PUT', '/mode/m', '{"mode":"READONLY"}') || pg_temp.get('/mode/m') || pg_temp.get('/mode/n?defaultToGlobal=true'), '200 {"mode": "READONLY"}200 {"mode": "READONLY"}200 {"mode": "READWRITE"}', 'one is read-only');
select is(pg_temp.tried('m'), 'old 200 no error, new 422 42205, import 422 42205, delete 422 42205, level 422 42205, level off 422 42205', 'nothing changes in it; what it has, it still says');
select is(pg_temp.post('m', '"bytes"'), '422 {"error_code":42205,"message":"Subject m is in read-only mode"}', 'and says so');
select is(pg_temp.code(pg_temp.change('DELETE', '/subjects/m')), '422 42205', 'nor is it deleted');
select is(pg_temp.ask('POST', '/subjects/m', pg_temp.body('"boolean"')) || pg_temp.ask('POST', '/compatibility/subjects/m/versions', pg_temp.body('"bytes"')), '200 {"subject":"m","version":1,"id":105,"schema":"\"boolean\""}200 {"is_compatible":false}', 'reading goes on');
select is(pg_temp.change('PUT', '/mode/m', '{"mode":"READONLY_OVERRIDE"}'), '200 {"mode": "READONLY_OVERRIDE"}', 'the other word');
select is(pg_temp.code(pg_temp.post('m', '"bytes"')), '422 42205', 'says the same here');
select is(pg_temp.change('PUT', '/mode', '{"mode":"READONLY"}') || pg_temp.change('PUT', '/mode/m', '{"mode":"READWRITE"}'), '200 {"mode": "READONLY"}200 {"mode": "READWRITE"}', 'all but one');
select is(pg_temp.code(pg_temp.post('n', '"bytes"')) || ' ' || pg_temp.code(pg_temp.post('new', '"bytes"')), '422 42205 422 42205', 'are read-only');
select is(pg_temp.code(pg_temp.change('PUT', '/config', '{"compatibility":"NONE"}')) || ' ' || pg_temp.code(pg_temp.change('DELETE', '/config')), '422 42205 422 42205', 'so is the level of all');
select is(pg_temp.code(pg_temp.change('PUT', '/config/m', '{"compatibility":"NONE"}')), '200 no error', 'one is not');
select is(pg_temp.post('m', '"bytes"'), '200 {"id":106,"version":2}', 'and is written');
select is(pg_temp.change('PUT', '/mode', '{"mode":"READONLY_OVERRIDE"}') || pg_temp.get('/mode/m') || pg_temp.get('/mode/m?defaultToGlobal=true'), '200 {"mode": "READONLY_OVERRIDE"}200 {"mode": "READWRITE"}200 {"mode": "READONLY_OVERRIDE"}', 'until all are, whatever they have');
select is(pg_temp.code(pg_temp.post('m', '"double"')), '422 42205', 'and it is not');
select is(pg_temp.change('DELETE', '/mode/m') || pg_temp.change('DELETE', '/mode') || pg_temp.get('/mode'), '200 {"mode": "READWRITE"}200 {"mode": "READONLY_OVERRIDE"}200 {"mode": "READWRITE"}', 'modes are given back, read-only or not');
select is(pg_temp.state_as('collector_admin', $$select registry.register('m', '"double"', 'AVRO', '[]', 2)$$) , '00000', 'the tool registers');
update ops.setting set value = 'readonly' where name = 'registry.mode';
select is(pg_temp.state_as('collector_admin', $$select registry.register('m', '"float"')$$), 'EM303', 'not where it is read-only');
update ops.setting set value = 'READWRITE' where name = 'registry.mode';

-- Import: versions come with their ids and numbers, and nobody judges them.
select is(pg_temp.code(pg_temp.change('PUT', '/mode/m', '{"mode":"IMPORT"}')) || ' ' || pg_temp.code(pg_temp.change('PUT', '/mode?force=false', '{"mode":"IMPORT"}')), '422 42205 422 42205', 'not over versions that stand');
select is(pg_temp.change('PUT', '/mode/m?force=true', '{"mode":"IMPORT"}') || pg_temp.change('PUT', '/mode/m', '{"mode":"IMPORT"}') || pg_temp.change('PUT', '/mode/i', '{"mode":"IMPORT"}'), '200 {"mode": "IMPORT"}200 {"mode": "IMPORT"}200 {"mode": "IMPORT"}', 'unless by force, or where none stand');
select is(pg_temp.code(pg_temp.change('PUT', '/config/i', '{"compatibility":"FULL_TRANSITIVE"}')), '200 no error', 'a strict level');
select is(pg_temp.post('i', schema, more::jsonb), answer, format('%s %s', schema, more)) from (values
    ('"float"', '{}', '422 {"error_code":42205,"message":"Subject i is not in read-write mode"}'), ('"float"', '{"id":0}', '422 {"error_code":42205,"message":"Subject i is not in read-write mode"}'),
    ('"float"', '{"id":900,"version":7}', '200 {"id":900,"version":7}'), ('"float"', '{"id":900,"version":7}', '200 {"id":900,"version":7}'), ('"float"', '{}', '200 {"id":900,"version":7}'),
    ('"null"', '{"id":901}', '200 {"id":901,"version":8}'), ('"string"', '{"id":103,"version":2}', '200 {"id":103,"version":2}'),
    ('"string"', '{"id":103,"version":3}', '422 {"error_code":42207,"message":"Schema already registered with id 103 as version 2 instead of input id 103"}'),
    ('"float"', '{"id":902}', '422 {"error_code":42207,"message":"Schema already registered with id 900 as version 7 instead of input id 902"}'),
    ('"boolean"', '{"id":903}', '422 {"error_code":42207,"message":"Schema already registered with id 105 instead of input id 903"}'),
    ('"long"', '{"id":900}', '422 {"error_code":42205,"message":"Overwrite new schema with id 900 is not permitted."}'),
    ('"long"', '{"id":904,"version":8}', '422 {"error_code":42205,"message":"Overwrite of version 8 of subject i is not permitted."}'),
    ('"int"', '{"id":2147483647}', '200 {"id":2147483647,"version":9}')) as c (schema, more, answer);
select is(pg_temp.get('/subjects/i/versions'), '200 [2,7,8,9]', 'as they were elsewhere');
select is(pg_temp.get('/schemas/ids/901?fetchMaxId=true'), '200 {"schema":"\"null\"","maxId":2147483647}', 'with their ids');
select is(pg_temp.change('DELETE', '/mode/i') || pg_temp.change('PUT', '/config/i', '{"compatibility":"NONE"}'), '200 {"mode": "IMPORT"}200 {"compatibility": "NONE"}', 'done');
select is(pg_temp.post('i', '"long"', '{"id":905}'), '422 {"error_code":42205,"message":"Subject i is not in import mode"}', 'no more ids from outside');
select is(pg_temp.post('i', '"long"', '{"version":12}'), '422 {"error_code":42201,"message":"Version is not one more than previous version: 10 is the next"}', 'no gaps either');
select setval('registry.schema_schema_id_seq', 899);
select is(pg_temp.post('i', '"long"', '{"version":10}'), '200 {"id":902,"version":10}', 'the next of our own: ids that are taken are stepped over, one far ahead uses up none');
select is(pg_temp.post('i', '"float"', '{"version":3}'), '200 {"id":900,"version":7}', 'what is there is there');
select is(pg_temp.change('PUT', '/mode/last', '{"mode":"IMPORT"}') || pg_temp.post('last', '"int"', '{"id":2147483647,"version":2147483647}') || pg_temp.change('DELETE', '/mode/last'), '200 {"mode": "IMPORT"}200 {"id":2147483647,"version":2147483647}200 {"mode": "IMPORT"}', 'the last number there is');
select is(pg_temp.post('last', '"long"', more::jsonb), '422 {"error_code":42201,"message":"Subject last has no number left for another version"}', 'none comes after it ' || more) from unnest(array['{}', '{"version":4}']) more;
select is(pg_temp.change('PUT', '/mode?force=true', '{"mode":"IMPORT"}') || pg_temp.post('fresh', '{"type":"fixed","name":"F","size":3}', '{"id":77,"version":5}'), '200 {"mode": "IMPORT"}200 {"id":77,"version":5}', 'all of them imported');
select * from finish();
rollback;
