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

-- Identity: what says the same is one schema, what a reader makes something else of is another.
create function pg_temp.form(p_text text) returns text language sql as $$ select registry.avro_canonical(registry.avro_parsed(p_text)) $$;
create function pg_temp.with_field(p_rest text) returns text language sql as $$
    select format('{"type": "record", "name": "a.r", "fields": [{"name": "x", %s}]}', p_rest)
$$;
select is(pg_temp.form(one), pg_temp.form(other), what) from (values
    ('{"type": "record", "name": "r", "namespace": "a", "doc": "d", "fields": []}', '{"fields":[],"name":"a.r","type":"record"}', 'members'' order, doc, namespace'),
    (pg_temp.with_field('"type": "int", "default": 1'), pg_temp.with_field('"default": 1.0, "order": "descending", "type": {"type": "int"}, "my.own": 3'), 'long forms, order, others'' properties'),
    (pg_temp.with_field('"type": "int", "aliases": ["b", "c"]'), pg_temp.with_field('"type": "int", "aliases": ["c", "b", "c"]'), 'the order of aliases'),
    (pg_temp.with_field('"type": "int"'), pg_temp.with_field('"type": "int", "aliases": []'), 'no aliases'),
    ('{"type": "bytes", "logicalType": "decimal", "precision": 4}', '{"type": "bytes", "precision": 4, "scale": 0, "logicalType": "decimal", "doc": "x"}', 'a scale of 0'),
    ('"bytes"', '{"type": "bytes", "precision": 4}', 'a precision of nothing')) v (one, other, what);
select isnt(pg_temp.form(one), pg_temp.form(other), what) from (values
    (pg_temp.with_field('"type": ["null", "int"]'), pg_temp.with_field('"type": ["null", "int"], "default": null'), 'a default'),
    (pg_temp.with_field('"type": "int", "default": 1'), pg_temp.with_field('"type": "int", "default": 2'), 'another default'),
    (pg_temp.with_field('"type": "int"'), pg_temp.with_field('"type": "int", "aliases": ["y"]'), 'a field''s alias'),
    (pg_temp.with_field('"type": "int"'), replace(pg_temp.with_field('"type": "int"'), '"a.r"', '"a.r", "aliases": ["b.r"]'), 'a type''s alias'),
    ('{"type": "enum", "name": "e", "symbols": ["A"]}', '{"type": "enum", "name": "e", "symbols": ["A"], "default": "A"}', 'an enum''s default'),
    ('"long"', '{"type": "long", "logicalType": "timestamp-millis"}', 'a logical type'),
    ('{"type": "long", "logicalType": "timestamp-micros"}', '{"type": "long", "logicalType": "timestamp-millis"}', 'another logical type'),
    ('{"type": "bytes", "logicalType": "decimal", "precision": 4}', '{"type": "bytes", "logicalType": "decimal", "precision": 5}', 'another precision'),
    ('{"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 1}', '{"type": "bytes", "logicalType": "decimal", "precision": 4}', 'another scale'),
    (pg_temp.with_field('"type": "int"'), replace(pg_temp.with_field('"type": "int"'), 'a.r', 'b.r'), 'another namespace')) v (one, other, what);
select is(pg_temp.form('{"type": "record", "name": "r", "namespace": "a", "aliases": ["q"], "fields": [
        {"name": "x", "aliases": ["y"], "default": "A", "type": {"type": "enum", "name": "e", "default": "A", "symbols": ["A"]}},
        {"name": "z", "type": {"type": "array", "items": {"type": "fixed", "name": "f", "size": 4, "logicalType": "decimal", "precision": 3, "scale": 2}}}]}'),
    '{"name":"a.r","type":"record","fields":[{"name":"x","type":{"name":"a.e","type":"enum","symbols":["A"],"default":"A"},"default":"A","aliases":["y"]},'
    '{"name":"z","type":{"type":"array","items":{"name":"a.f","type":"fixed","size":4,"logicalType":"decimal","precision":3,"scale":2}}}],"aliases":["a.q"]}',
    'the whole of a form');
select throws_ok($$select registry.avro_canonical(jsonb_build_object('type', 'string', 'logicalType', repeat('x', 1048576)))$$, 'EM301', null, 'a form has its limit');
select * from finish();
rollback;
