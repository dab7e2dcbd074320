-- Which schemas read what which others wrote, and what is said where they do not.
begin;
\ir ../support.psql
select * from no_plan();

-- The sentences, joined by a bar; '' for none.
create function pg_temp.said(p_reader text, p_writer text) returns text language sql as $$
    select coalesce(string_agg(s, ' | '), '') from registry.avro_incompatibilities(registry.avro_parsed(p_reader), registry.avro_parsed(p_writer)) s
$$;
create function pg_temp.r(p_fields text, p_name text default 'a.r') returns text language sql as $$
    select format('{"type": "record", "name": "%s", "fields": [%s]}', p_name, p_fields)
$$;

-- Primitive types: each with each.
select is(pg_temp.said(format('"%s"', reader), format('"%s"', writer)),
    case when reader = writer or position(writer || '>' || reader in 'int>long int>float int>double long>float long>double float>double string>bytes bytes>string') > 0
        then '' else format('%s cannot be read as %s', writer, reader) end, format('%s reads %s', reader, writer))
from unnest('{"null",boolean,int,long,float,double,bytes,string}'::text[]) reader, unnest('{"null",boolean,int,long,float,double,bytes,string}'::text[]) writer;

select is(pg_temp.said(reader, writer), sentences, what) from (values
    ('{"type": "long", "logicalType": "timestamp-millis"}', '"int"', '', 'logical types are not looked at'),
    ('{"type": "array", "items": "long"}', '{"type": "array", "items": "int"}', '', 'arrays by their items'),
    ('{"type": "array", "items": "int"}', '{"type": "array", "items": "long"}', 'field []: long cannot be read as int', 'arrays'),
    ('{"type": "map", "values": "int"}', '{"type": "map", "values": "string"}', 'field []: string cannot be read as int', 'maps'),
    ('{"type": "map", "values": "int"}', '{"type": "array", "items": "int"}', 'array cannot be read as map', 'an array is no map'),
    -- Unions.
    ('["null", "long"]', '"int"', '', 'a union reads what a branch reads'), ('["null", "int"]', '"long"', 'the reader''s union has no branch for long', 'no branch'),
    ('"long"', '["int", "long"]', '', 'all branches are read'), ('"int"', '["int", "null"]', 'null cannot be read as int', 'or not all'),
    ('["int"]', '["int", "string", "null"]', 'the reader''s union has no branch for string | the reader''s union has no branch for null', 'branches that are gone'),
    ('["string", "null"]', '["null", "bytes"]', '', 'bytes and string'), ('[]', '["int"]', 'the reader''s union has no branch for int', 'an empty union'),
    ('["null", {"type": "array", "items": "int"}]', '{"type": "array", "items": "string"}', 'field []: string cannot be read as int', 'in an array of a union'),
    ('[{"type": "record", "name": "b.r", "fields": [{"name": "x", "type": "int"}]}, {"type": "record", "name": "a.r", "fields": []}]', pg_temp.r(''), '', 'the full name first'),
    ('["null", {"type": "record", "name": "q", "aliases": ["a.r"], "fields": []}]', pg_temp.r(''), '', 'an alias'),
    ('["null", {"type": "record", "name": "q", "fields": []}]', pg_temp.r(''), 'the reader''s union has no branch for record a.r', 'another name'),
    -- Enums.
    ('{"type": "enum", "name": "e", "symbols": ["B", "A"]}', '{"type": "enum", "name": "x.e", "symbols": ["A"]}', '', 'symbols by name'),
    (pg_temp.r('{"name": "k", "type": {"type": "enum", "name": "e", "symbols": ["A"]}}'), pg_temp.r('{"name": "k", "type": {"type": "enum", "name": "e", "symbols": ["A", "x"]}}'),
        'field k: symbol "x" of the writer is not in enum a.e, which has no default', 'a symbol'),
    ('{"type": "enum", "name": "e", "symbols": []}', '{"type": "enum", "name": "e", "symbols": ["A", "B"]}', 'symbols "A", "B" of the writer are not in enum e, which has no default', 'symbols'),
    ('{"type": "enum", "name": "e", "symbols": ["A"], "default": "A"}', '{"type": "enum", "name": "e", "symbols": ["B"]}', '', 'the default takes unknown ones'),
    ('{"type": "enum", "name": "e", "symbols": ["A"]}', '{"type": "enum", "name": "f", "symbols": ["A"]}', 'enum f cannot be read as enum e', 'another enum'),
    ('{"type": "enum", "name": "e", "symbols": ["A"]}', '"string"', 'string cannot be read as enum e', 'a string is no enum'),
    -- Fixed.
    ('{"type": "fixed", "name": "f", "size": 8}', '{"type": "fixed", "name": "f", "size": 4}', 'fixed f has 8 bytes, the writer''s has 4', 'a size'),
    ('{"type": "fixed", "name": "f", "size": 8}', '{"type": "fixed", "name": "g", "size": 8}', 'fixed g cannot be read as fixed f', 'another fixed'),
    ('{"type": "fixed", "name": "g", "aliases": ["f"], "size": 8}', '{"type": "fixed", "name": "f", "size": 8}', '', 'under an alias'),
    -- Records.
    (pg_temp.r('', 'b.r'), pg_temp.r(''), '', 'the unqualified name'), (pg_temp.r('', 'a.q'), pg_temp.r(''), 'record a.r cannot be read as record a.q', 'another record'),
    (pg_temp.r(''), pg_temp.r('{"name": "x", "type": "int"}'), '', 'fields that are gone are skipped'),
    (pg_temp.r('{"name": "x", "type": "int", "default": 1}'), pg_temp.r(''), '', 'a new field with a default'),
    (pg_temp.r('{"name": "x", "type": ["null", "int"]}'), pg_temp.r(''), 'field x: the reader''s schema has no default for it and the writer''s has no such field', 'or without'),
    (pg_temp.r('{"name": "x", "type": "int"}, {"name": "y", "type": "int"}'), pg_temp.r('{"name": "y", "type": "string"}'),
        'field x: the reader''s schema has no default for it and the writer''s has no such field | field y: string cannot be read as int', 'all is said, in the fields'' order'),
    (pg_temp.r('{"name": "a", "type": {"type": "record", "name": "s", "fields": [{"name": "street", "type": "int"}]}}'),
        pg_temp.r('{"name": "a", "type": {"type": "record", "name": "s", "fields": [{"name": "street", "type": "string"}]}}'), 'field a.street: string cannot be read as int', 'a path'),
    (pg_temp.r('{"name": "x", "type": "int", "aliases": ["w", "old"]}'), pg_temp.r('{"name": "old", "type": "int"}'), '', 'a field''s alias'),
    (pg_temp.r('{"name": "x", "type": "int", "aliases": ["old"]}'), pg_temp.r('{"name": "old", "type": "string"}'), 'field x: string cannot be read as int', 'its type counts'),
    (pg_temp.r('{"name": "x", "type": "int", "aliases": ["old"]}, {"name": "old", "type": "int"}'), pg_temp.r('{"name": "old", "type": "int"}'),
        'field x: the reader''s schema has no default for it and the writer''s has no such field', 'a name goes before an alias'),
    (pg_temp.r('{"name": "x", "type": "int", "aliases": ["old"]}, {"name": "y", "type": "int", "aliases": ["old"]}'), pg_temp.r('{"name": "old", "type": "int"}'),
        'field y: the reader''s schema has no default for it and the writer''s has no such field', 'a field is one other''s alias only'),
    (replace(pg_temp.r('', 'b.q'), '"fields"', '"aliases": ["a.r"], "fields"'), pg_temp.r(''), '', 'a record''s alias'),
    (replace(pg_temp.r('', 'b.q'), '"fields"', '"aliases": ["c.r"], "fields"'), pg_temp.r(''), 'record a.r cannot be read as record b.q', 'an alias is a full name'),
    (pg_temp.r('{"name": "x", "type": "int"}'), '"int"', 'int cannot be read as record a.r', 'no record'),
    -- Recursion: what is said once is not said again.
    (pg_temp.r('{"name": "x", "type": "long"}, {"name": "next", "type": ["null", "r"]}'), pg_temp.r('{"name": "x", "type": "int"}, {"name": "next", "type": ["null", "r"]}'), '', 'a list'),
    (pg_temp.r('{"name": "x", "type": "int"}, {"name": "next", "type": ["null", "r"]}'), pg_temp.r('{"name": "x", "type": "long"}, {"name": "next", "type": ["null", "r"]}'),
        'field x: long cannot be read as int', 'a list of another type'),
    (pg_temp.r('{"name": "next", "type": ["null", "r"]}'), pg_temp.r('{"name": "next", "type": ["null", {"type": "record", "name": "s.r", "fields": [{"name": "next", "type": "string"}]}]}'),
        'field next.next: the reader''s union has no branch for string', 'a type meets two'),
    (pg_temp.r('{"name": "a", "type": "int"}, {"name": "b", "type": "int"}, {"name": "c", "type": "int"}'),
        pg_temp.r('{"name": "a", "type": "string"}, {"name": "b", "type": "int"}, {"name": "c", "type": "string"}'),
        'field a: string cannot be read as int | field c: string cannot be read as int', 'the same of two fields')) v (reader, writer, sentences, what);

-- References by name multiply; pairs of types do not.
create function pg_temp.doubling(p_type text) returns text language sql as $$
    select '[' || string_agg(format('{"type": "record", "name": "r%s", "fields": [{"name": "a", "type": %s}, {"name": "b", "type": %2$s}]}', i,
        case i when 1 then p_type else format('"r%s"', i - 1) end), ',' order by i) || ']' from generate_series(1, 40) i
$$;
select is(pg_temp.said(pg_temp.doubling('"long"'), pg_temp.doubling('"int"')), '', 'forty records, each twice in the next');
select is((select count(*) from registry.avro_incompatibilities(registry.avro_parsed(pg_temp.doubling('"int"')), registry.avro_parsed(pg_temp.doubling('"long"')))),
    2::bigint, 'what is wrong with one of them is said once for each field');
select is((select count(*) from registry.avro_incompatibilities(
        registry.avro_parsed((select '[' || string_agg(format('{"type": "enum", "name": "e%s", "symbols": []}', i), ',') || ']' from generate_series(1, 300) i)),
        registry.avro_parsed((select '[' || string_agg(format('{"type": "enum", "name": "e%s", "symbols": ["A"]}', i), ',') || ']' from generate_series(1, 300) i)))),
    200::bigint, 'two hundred sentences are enough');
select throws_ok(format('select * from registry.avro_incompatibilities(registry.avro_parsed(%L), registry.avro_parsed(%L))', one, other), 'EM301', null,
    'what would take too long is refused')
from (select '[' || string_agg(format('{"type": "enum", "name": "e%s", "symbols": ["x"]}', i), ',') || ']' as one,
    '["null", ' || string_agg(format('{"type": "enum", "name": "e%s", "symbols": []}', i), ',') || ']' as other from generate_series(1, 6000) i) s;
select is((select string_agg(i, ';') from registry.avro_incompatibilities(registry.avro_parsed(one), registry.avro_parsed(other)) i),
    'the reader''s union has no branch for null', 'types that are the same and have no other in them cost nothing')
from (select '[' || string_agg(format('{"type": "fixed", "name": "f%s", "size": 1}', i), ',') || ']' as one,
    '["null", ' || string_agg(format('{"type": "fixed", "name": "f%s", "size": 1}', i), ',') || ']' as other from generate_series(1, 6000) i) s;
select is(pg_temp.said(
    '{"type":"record","name":"t","fields":[{"name":"a","type":{"type":"record","name":"b","fields":[{"name":"c","type":["null",{"type":"map","values":{"type":"record","name":"d","fields":[{"name":"e","type":"int"}]}}]}]}}]}',
    '{"type":"record","name":"t","fields":[{"name":"a","type":{"type":"record","name":"b","fields":[{"name":"c","type":["null",{"type":"map","values":{"type":"record","name":"d","fields":[{"name":"e","type":"string"}]}}]}]}}]}'),
    'field a.c[].e: string cannot be read as int', 'a type that is the same is looked into for one that is not');
select * from finish();
rollback;
