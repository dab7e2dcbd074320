-- Schemas that were registered when their form was another: the file that brings them under the one of today.
begin;
\ir ../support.psql
\ir requests.psql
select * from no_plan();
insert into registry.schema (schema_id, schema_type, schema_text, canonical, canonical_digest) overriding system value
select id, 'AVRO', text, form, sha256(convert_to(form, 'UTF8')) from (values
    (11, pg_temp.record('R', '{"name":"x","type":"int","doc":"as it was"}'), '{"fields":[{"doc":"as it was","name":"x","type":"int"}],"name":"R","type":"record"}'),
    (12, pg_temp.record('R', pg_temp.field('x', '"int"')), '{"fields":[{"name":"x","type":"int"}],"name":"R","type":"record"}'),
    (13, '{"type":"bogus"}', '{"type":"bogus"}'), (14, '"string"', '"string"')) as s (id, text, form);
insert into registry.subject_version (subject, version, schema_id) values ('old', 1, 11), ('old', 2, 14), ('young', 1, 12), ('odd', 1, 13);
set client_min_messages = error;
\ir ../../../sql/functions/80_registry/9_stored/registry.schema.sql
select is(schema_id || ' ' || (canonical = registry.avro_canonical(tree)), said, format('schema %s', schema_id))
from registry.schema join (values (11, '11 true'), (14, '14 true')) as e (id, said) on id = schema_id;
select is((select canonical from registry.schema where schema_id = 12), '{"fields":[{"name":"x","type":"int"}],"name":"R","type":"record"}', 'the younger of two that are one now stays as it was');
select is((select tree ->> 'name' from registry.schema where schema_id = 12), 'R', 'and can be compared with');
select is((select tree from registry.schema where schema_id = 13), null, 'what is no schema today stays');
select is(pg_temp.get('/schemas/ids/13'), '200 {"schema":"{\"type\":\"bogus\"}"}', 'and is read as before');
select is(pg_temp.post('old', '{"type":"string"}'), '200 {"id":14,"version":2}', 'in other words: the version it is');
select is(pg_temp.post('third', pg_temp.record('R', pg_temp.field('x', '"int"'))), '200 {"id":11,"version":1}', 'what two are is the older');
select is((pg_temp.ask('POST', '/compatibility/subjects/odd/versions?verbose=true', pg_temp.body('"int"'))), $$200 {"is_compatible":false,"messages":["version 1 cannot be judged against: by today's rules it is no Avro schema"]}$$, 'nothing is said of what is not understood');
select is(pg_temp.code(pg_temp.post('referrer', '{"type":"array","items":"R"}', '{"references":[{"name":"R","subject":"odd","version":1}]}')), '422 42201', 'nor does anything refer to it');
create temp table kept as select * from registry.schema;
\ir ../../../sql/functions/80_registry/9_stored/registry.schema.sql
select is_empty('select * from registry.schema except select * from pg_temp.kept', 'a second time nothing changes');
select * from finish();
rollback;
