-- Canonical forms of Avro schemas: Apache's published ones, and what makes two texts one schema.
begin;
\ir ../support.psql
select * from no_plan();

-- share/test/data/schema-tests.txt; its defaults that fit no field are left out.
create temporary table vector (text text, form text);
insert into vector values
    ('"null"', '"null"'), ('{"type":"null"}', '"null"'), ('"boolean"', '"boolean"'), ('"int"', '"int"'), ('"long"', '"long"'),
    ('"float"', '"float"'), ('"double"', '"double"'), ('"bytes"', '"bytes"'), ('"string"', '"string"'), ('[  ]', '[]'),
    ('[ "int"  ]', '["int"]'), ('[ "int" , {"type":"boolean"} ]', '["int","boolean"]'),
    ('{"fields":[], "type":"record", "name":"foo"}', '{"name":"foo","type":"record","fields":[]}'),
    ('{"fields":[], "type":"record", "name":"foo", "namespace":"x.y"}', '{"name":"x.y.foo","type":"record","fields":[]}'),
    ('{"fields":[], "type":"record", "name":"a.b.foo", "namespace":"x.y"}', '{"name":"a.b.foo","type":"record","fields":[]}'),
    ('{"fields":[], "type":"record", "name":"foo", "doc":"foo", "aliases":["foo","bar"]}', '{"name":"foo","type":"record","fields":[]}'),
    ('{"fields":[{"type":{"type":"boolean"}, "name":"f1"}], "type":"record", "name":"foo"}',
        '{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"}]}'),
    ('{ "fields":[{"type":"boolean", "aliases":[], "name":"f1", "default":true}, {"order":"descending","name":"f2","doc":"Hello","type":"int"}], "type":"record", "name":"foo" }',
        '{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"},{"name":"f2","type":"int"}]}'),
    ('{"type":"enum", "name":"foo", "symbols":["A1"]}', '{"name":"foo","type":"enum","symbols":["A1"]}'),
    ('{"namespace":"x.y.z", "type":"enum", "name":"foo", "doc":"foo bar", "symbols":["A1", "A2"]}',
        '{"name":"x.y.z.foo","type":"enum","symbols":["A1","A2"]}'),
    ('{"name":"foo","type":"fixed","size":15}', '{"name":"foo","type":"fixed","size":15}'),
    ('{"namespace":"x.y.z", "type":"fixed", "name":"foo", "doc":"foo bar", "size":32}', '{"name":"x.y.z.foo","type":"fixed","size":32}'),
    ('{ "items":{"type":"null"}, "type":"array"}', '{"type":"array","items":"null"}'),
    ('{ "values":"string", "type":"map"}', '{"type":"map","values":"string"}'),
    ('{"name":"PigValue","type":"record","fields":[{"name":"value", "type":["null", "int", "long", "PigValue"]}]}',
        '{"name":"PigValue","type":"record","fields":[{"name":"value","type":["null","int","long","PigValue"]}]}');
select is(registry.avro_pcf(registry.avro_parsed(text)), form, text) from vector;
select is(registry.avro_pcf(registry.avro_parsed(form)), form, 'a canonical form is its own: ' || form) from vector;
select * from finish();
rollback;
