-- What is an Avro schema, and what is none and why.
begin;
\ir ../support.psql
select * from no_plan();

select is(registry.avro_parsed(text), tree::jsonb, what) from (values
    ('"int"', '"int"', 'a primitive type'), ('{"type": "int"}', '"int"', 'in its long form'),
    ('{"type": "int", "logicalType": "date"}', '{"type": "int", "logicalType": "date"}', 'with more said of it'),
    ('["null", {"type": "string"}]', '["null", "string"]', 'a union'),
    ('{"type": "record", "name": "r", "namespace": "a.b", "doc": "kept", "fields": [{"name": "x", "type": ["null", "r"], "order": "ignore", "default": null}]}'::text,
        '{"type": "record", "name": "a.b.r", "doc": "kept", "fields": [{"name": "x", "type": ["null", "a.b.r"], "order": "ignore", "default": null}]}',
        'a record: names in full, the rest stays'),
    ('{"type": "record", "name": "a.r", "aliases": ["q", "c.q"], "fields": [{"name": "e", "type": {"type": "enum", "name": "e", "symbols": ["A"], "default": "A"}},
        {"name": "f", "type": {"type": "fixed", "name": "f", "namespace": "b", "size": 2}}, {"name": "g", "type": ["e", "b.f"]}]}',
     '{"type": "record", "name": "a.r", "aliases": ["a.q", "c.q"], "fields": [{"name": "e", "type": {"type": "enum", "name": "a.e", "symbols": ["A"], "default": "A"}},
        {"name": "f", "type": {"type": "fixed", "name": "b.f", "size": 2}}, {"name": "g", "type": ["a.e", "b.f"]}]}', 'the namespace of what is around'),
    ('{"type": "record", "name": "a.r", "fields": [{"name": "x", "type": {"type": "fixed", "name": "f", "namespace": "", "size": 1}}]}',
     '{"type": "record", "name": "a.r", "fields": [{"name": "x", "type": {"type": "fixed", "name": "f", "namespace": "", "size": 1}}]}',
        'no namespace within one'),
    ('{"type": "error", "name": "r", "fields": []}', '{"type": "error", "name": "r", "fields": []}', 'an error is a record'),
    ('{"type": "map", "values": {"type": "array", "items": "long"}}', '{"type": "map", "values": {"type": "array", "items": "long"}}', 'maps and arrays'),
    (repeat('{"type":"array","items":', 64) || '"int"' || repeat('}', 64), repeat('{"type":"array","items":', 64) || '"int"' || repeat('}', 64), '64 deep'),
    ('{"type": "string", "doc": "\" : {\\"}', '{"type": "string", "doc": "\" : {\\"}', 'colons and quotes in a string')
) v (text, tree, what);
select is(registry.avro_parsed(registry.avro_parsed(text)::text), registry.avro_parsed(text), 'a tree is its own: ' || left(text, 60)) from (values
    ('{"type": "record", "name": "a.r", "fields": [{"name": "x", "type": {"type": "record", "name": "f", "namespace": "", "fields": [{"name": "y", "type": ["null", "f"]}]}}, {"name": "z", "type": "r"}]}'),
    ('["null", {"type": "enum", "name": "x.y", "symbols": []}]'::text)) v (text);

-- Defaults that fit, and their types.
select lives_ok(format($$select registry.avro_parsed('{"type": "record", "name": "r", "fields": [{"name": "a", "type": %s, "default": %s}]}')$$, type, value),
    value || ' is a ' || type) from (values
    ('"null"', 'null'), ('"boolean"', 'false'), ('"int"', '-2147483648'), ('"int"', '7.0'), ('"long"', '9223372036854775807'), ('"float"', '3e38'),
    ('"double"', '1e308'), ('"string"', '"é"'), ('"bytes"', '"\u00ff"'), ('["null", "int"]', 'null'), ('["null", "int"]', '3'),
    ('{"type": "array", "items": "int"}', '[1, 2]'), ('{"type": "map", "values": ["null", "int"]}', '{"a": 1, "b": null}'),
    ('{"type": "fixed", "name": "f", "size": 2}', '"\u0001a"'), ('{"type": "enum", "name": "e", "symbols": ["A"]}', '"A"'),
    ('{"type": "record", "name": "s", "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": "int", "default": 1}]}', '{"x": 1}'),
    ('{"type": "array", "items": "r"}', '[]'), ('["null", "r"]', '{"a": null}'), ('{"type": "array", "items": "r"}', '[{"a": [{"a": []}]}]')) v (type, value);
select throws_ok(format($$select registry.avro_parsed('{"type": "record", "name": "r", "fields": [{"name": "a", "type": %s, "default": %s}]}')$$, type, value),
    'EM301', null, value || ' is no ' || type) from (values
    ('"null"', '0'), ('"boolean"', '"true"'), ('"int"', '2147483648'), ('"int"', '1.5'), ('"long"', '9223372036854775808'), ('"float"', '4e38'),
    ('"double"', '1e309'), ('"double"', '"1"'), ('"string"', '1'), ('"string"', 'null'), ('"bytes"', '"\u0100"'), ('["null", "int"]', '"x"'), ('[]', 'null'),
    ('{"type": "array", "items": "int"}', '[1, "x"]'), ('{"type": "map", "values": "int"}', '{"a": null}'), ('{"type": "map", "values": "int"}', '[]'),
    ('{"type": "fixed", "name": "f", "size": 2}', '"a"'), ('{"type": "enum", "name": "e", "symbols": ["A"]}', '"B"'),
    ('{"type": "record", "name": "s", "fields": [{"name": "x", "type": "int"}]}', '{}'), ('["r", "null"]', '{}'),
    ('{"type": "array", "items": "r"}', '[{}]'), ('{"type": "array", "items": "r"}', repeat('[{"a": ', 20) || '[]' || repeat('}]', 20)),
    ('{"type": "record", "name": "s", "fields": [{"name": "x", "type": "int"}]}', '{"x": 1, "z": 2}')) v (type, value);

-- What is none: the message says where.
create function pg_temp.refusal(p_text text, p_known jsonb default '[]') returns text language plpgsql as $$
begin
    return registry.avro_parsed(p_text, p_known)::text;
exception when sqlstate 'EM301' then
    return sqlerrm;
end $$;
select matches(pg_temp.refusal(text), problem, left(coalesce(text, 'null'), 80)) from (values
    (null, 'there is no schema'), ('', 'no JSON'), ('{', 'no JSON'), ('string', 'no JSON'), ('"\u0000"', 'no JSON that can be kept'), ('7', 'a type is a name'),
    ('null', 'a type is a name'), ('{}', 'has no "type"'), ('{"type": ["int"]}', '"type" is a word'), ('"strin"', 'type "strin" is not defined'),
    ('"a b"', 'is no name'), ('[["int"]]', 'union holds no union'), ('["int", {"type": "int"}]', '^int is there twice'),
    ('[{"type": "array", "items": "int"}, {"type": "array", "items": "long"}]', '^array is there twice'),
    ('{"type": "array"}', 'the array has no "items"'), ('{"type": "map", "items": "int"}', 'the map has no "values"'),
    ('{"type": "fixed", "name": "f"}', 'fixed f has no "size"'), ('{"type": "fixed", "name": "f", "size": 1.5}', '"size"'),
    ('{"type": "fixed", "name": "f", "size": "1"}', '"size"'), ('{"type": "fixed", "size": 1}', 'the fixed has no "name"'),
    ('{"type": "enum", "name": "e"}', 'enum e has no "symbols"'), ('{"type": "enum", "name": "e", "symbols": ["a", "a"]}', 'symbol a is there twice in enum e'),
    ('{"type": "enum", "name": "e", "symbols": ["a-b"]}', '"a-b" is no name'), ('{"type": "enum", "name": "e", "symbols": [1]}', '1 is no name'),
    ('{"type": "enum", "name": "e", "symbols": ["a"], "default": "b"}', 'the default of enum e'),
    ('{"type": "record", "name": "r"}', 'record r has no "fields"'), ('{"type": "record", "name": "1r", "fields": []}', '"1r" is no name'),
    ('{"type": "record", "name": "a..r", "fields": []}', 'is no name'), ('{"type": "record", "name": "a.int", "fields": []}', 'of a primitive type'),
    ('{"type": "record", "name": "r", "namespace": "1", "fields": []}', '1 is no namespace'), ('{"type": "record", "name": "r", "namespace": 1, "fields": []}', '1 is no namespace'),
    ('{"type": "record", "name": "r", "aliases": "x", "fields": []}', 'aliases of r'), ('{"type": "record", "name": "r", "aliases": ["-"], "fields": []}', 'alias of r'),
    ('{"type": "record", "name": "r", "fields": [{"type": "int"}]}', 'a field of record r has no "name"'),
    ('{"type": "record", "name": "r", "fields": [7]}', 'a field of record r has no "name"'),
    ('{"type": "record", "name": "r", "fields": [{"name": "a.b", "type": "int"}]}', 'called "a.b"'),
    ('{"type": "record", "name": "r", "fields": [{"name": "a"}]}', '^field a: it has no "type"'),
    ('{"type": "record", "name": "r", "fields": [{"name": "a", "type": "int", "order": "up"}]}', '^field a: its order'),
    ('{"type": "record", "name": "r", "fields": [{"name": "a", "type": "int", "aliases": [1]}]}', '^field a: an alias'),
    ('{"type": "record", "name": "r", "fields": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}', 'record r has two fields a'),
    ('{"type": "record", "name": "r", "fields": [{"name": "a", "type": {"type": "array", "items": {"type": "record", "name": "s", "fields": [{"name": "b", "type": "x.y"}]}}}]}',
        '^field a\[\].b: type "x.y" is not defined'),
    ('{"type": "record", "name": "r", "fields": [{"name": "a", "type": "s"}, {"name": "b", "type": {"type": "fixed", "name": "s", "size": 1}}]}', '^field a: type "s" is not defined'),
    ('{"type": "record", "name": "r", "fields": [{"name": "a", "type": {"type": "fixed", "name": "r", "size": 1}}]}', '^field a: r is defined twice'),
    ('{"type": "record", "name": "r", "fields": [{"name": "a", "type": "int", "default": "x"}]}', '^field a: its default does not fit: "x" is no int'),
    ('{"type": "int", "doc": "a", "doc": "b"}', 'has a member twice'), ('{"type": "int", "x": {"y": 1, "y": 1}}', 'has a member twice'),
    ('{"type": "int", "x": 1e400}', 'out of the range'), ('{"type": "int", "x": 1e130000}', 'out of the range'),
    (repeat('{"type":"array","items":', 65) || '"int"' || repeat('}', 65), 'more than 64 deep'), (repeat('[', 100000), 'nested too deep'),
    ('"' || repeat('x', 1048576) || '"', 'larger than 1 MiB'), ('"' || repeat('x', 1001) || '"', 'is no name')) v (text, problem);

-- With references: what is used stands where it is used first, and what that uses in it.
\set tree '{"type": "record", "name": "k.tree", "fields": [{"name": "leaf", "type": {"type": "enum", "name": "leaf", "symbols": ["A"]}}, {"name": "next", "type": ["null", "tree"]}]}'
\set twig '{"type": "record", "name": "k.twig", "fields": [{"name": "leaf", "type": "leaf"}]}'
select set_config('test.known', jsonb_build_array(registry.avro_parsed(:'tree'), registry.avro_parsed(:'twig', jsonb_build_array(registry.avro_parsed(:'tree'))))::text, true) \gset ignored_
select is(registry.avro_parsed(text, current_setting('test.known')::jsonb), registry.avro_parsed(whole), text) from (values
    ('"k.leaf"', '{"type": "enum", "name": "k.leaf", "symbols": ["A"]}'), ('"k.twig"'::text,
        '{"type": "record", "name": "k.twig", "fields": [{"name": "leaf", "type": {"type": "enum", "name": "leaf", "symbols": ["A"]}}]}'),
    ('{"type": "record", "name": "k.r", "fields": [{"name": "a", "type": "twig"}, {"name": "b", "type": ["tree", "leaf"]}]}',
     '{"type": "record", "name": "k.r", "fields": [{"name": "a", "type": {"type": "record", "name": "twig", "fields": [{"name": "leaf", "type":
        {"type": "enum", "name": "leaf", "symbols": ["A"]}}]}}, {"name": "b", "type": [{"type": "record", "name": "tree", "fields":
        [{"name": "leaf", "type": "leaf"}, {"name": "next", "type": ["null", "tree"]}]}, "leaf"]}]}'),
    ('"int"', '"int"')) v (text, whole);
select matches(pg_temp.refusal(text, current_setting('test.known')::jsonb || more::jsonb), problem, left(text, 80)) from (values
    ('"k.none"', '[]', 'type "k.none" is not defined'), ('"leaf"', '[]', 'not defined'),
    ('[{"type": "fixed", "name": "k.leaf", "size": 1}, "k.tree"]', '[]', 'k.leaf is defined twice'),
    ('"k.leaf"', '[{"type": "enum", "name": "k.leaf", "symbols": ["B"]}]', 'two references define k.leaf, and not the same'),
    (repeat('{"type":"array","items":', 63) || '"k.tree"' || repeat('}', 63), '[]', '\[\].next: the schema is nested more than 64 deep')) v (text, more, problem);

-- What is large is not slow: it ends, which a hundred times the work would not do within a test's patience.
select lives_ok(format('select registry.avro_parsed(%L)', text), what) from (
    select 'a thousand fields' as what, '{"type": "record", "name": "r", "fields": [' || string_agg(format('{"name": "f%s", "type": ["null", "string"], "default": null}', i), ',') || ']}' as text
    from generate_series(1, 1000) i
    union all
    select 'forty records, each twice in the next'::text, '[' || string_agg(format('{"type": "record", "name": "r%s", "fields": [{"name": "a", "type": %s}, {"name": "b", "type": %2$s}]}', i,
        case i when 1 then '"int"' else format('"r%s"', i - 1) end), ',' order by i) || ']'
    from generate_series(1, 40) i) s;
select throws_ok(format('select registry.avro_parsed(%L)', text), 'EM301', null, 'forty records, each twice in the next''s default') from (
    select '[' || string_agg(format('{"type": "record", "name": "r%s", "fields": [{"name": "a", "type": %s, "default": %s}, {"name": "b", "type": %2$s, "default": %3$s}]}', i,
        case i when 1 then '"int"' else format('"r%s"', i - 1) end, case i when 1 then '0' else '{}' end), ',' order by i) || ']' as text
    from generate_series(1, 40) i) s;
select is(has_function_privilege(role, p.oid, 'execute'), false, format('%s may not call %s', role, p.proname))
from pg_proc p, unnest(array['loader', 'collector', 'collector_admin', 'relay']) role
where p.pronamespace = 'registry'::regnamespace and p.proname like 'avro\_%';
select * from finish();
rollback;
