-- staging.record_values, record_defect, bytes_defect, json_values, trimmed.
begin;
\ir ../support.psql
select * from no_plan();
select is(staging.record_values(convert_to(payload, 'UTF8'), fields, defect, 'csv', '{a,b,c}', delimiter), want, 'CSV ' || name)
from (values
    ('without quotes', 'x,y,z', null::text[], null, ',', '{x,y,z}'::text[]), ('with empty fields', ',,', null, null, ',', '{"","",""}'),
    ('short', 'x', null, null, ',', '{x}'), ('empty', '', null, null, ',', '{}'), ('long', 'x,y,z,w', null, null, ',', '{x,y,z,w}'),
    ('another delimiter', 'x;y,z', null, null, ';', '{x,"y,z"}'), ('tabs', E'x\ty', null, null, E'\t', '{x,y}'),
    ('the loader''s fields', '"x,1",y,z', '{"x,1",y,z}', null, ',', '{"x,1",y,z}'), ('a defect', 'x,y,z', null, 'invalid_utf8', ',', null),
    ('a defect and fields', 'x', '{x}', 'open_quote', ',', null), ('the word NULL', 'NULL,null,\N', null, null, ',', '{"NULL","null","\\N"}'),
    ('white space', ' x , y ', null, null, ',', '{" x "," y "}'), ('other scripts', 'é,李,🙂', null, null, ',', '{é,李,🙂}')
) as t (name, payload, fields, defect, delimiter, want);
select is(staging.record_values(convert_to(payload, 'UTF8'), null, null, 'json', '{name,mobile}', ','), want, 'JSON ' || pg_temp.shown(payload))
from (values
    ('{"name":"x","mobile":"12345678"}', '{x,12345678}'::text[]), ('{"mobile":12345678,"name":"x"}', '{x,12345678}'), ('{"name":"x"}', '{x,null}'),
    ('{}', '{null,null}'), ('{"name":null}', '{null,null}'), ('{"name":true,"mobile":{"a":1}}', '{true,"{\"a\": 1}"}'), ('{"name":"","x":1}', '{"",null}'),
    ('{"name":"null"}', '{"null",null}'), ('[1]', '{null,null}'), ('"name"', '{null,null}'), ('1', '{null,null}'), ('null', '{null,null}'), ('["name"]', '{null,null}')
) as t (payload, want);
select is(staging.record_values('\xff', null, 'invalid_utf8', 'csv', '{a}', ','), null, 'bytes with a defect are not looked at');
select is(staging.record_values('\xff', '{x}', null, 'csv', '{a}', ','), '{x}', 'nor are those whose fields the loader gave');
select is(staging.record_values('{', null, 'invalid_json', 'json', '{a}', ','), null, 'nor is JSON with a defect');
select is(staging.record_defect(payload, defect, format), want, format('record_defect %s %s %s', format, encode(payload, 'escape'), defect))
from (values
    ('x'::bytea, null, 'csv', null), ('{}', null, 'json', null), ('[]', null, 'json', 'not_an_object'), ('null', null, 'json', 'not_an_object'),
    ('1', null, 'json', 'not_an_object'), ('"x"', null, 'json', 'not_an_object'), ('true', null, 'json', 'not_an_object'), ('\xff', 'invalid_utf8', 'json', 'invalid_utf8'),
    ('[]', null, 'csv', null), ('\xff', null, 'csv', null), ('{', 'invalid_json', 'json', 'invalid_json')) as t (payload, defect, format, want);
select is(staging.bytes_defect(payload, format), want, format('bytes_defect %s %s', format, encode(payload, 'hex')))
from (values
    ('x'::bytea, 'csv', null), ('', 'csv', null), ('\xc3a9', 'csv', null), ('\xff', 'csv', 'invalid_utf8'), ('\x00', 'csv', 'invalid_utf8'), ('\xc080', 'csv', 'invalid_utf8'),
    ('\xeda080', 'csv', 'invalid_utf8'), ('\xf4908080', 'csv', 'invalid_utf8'), ('\xe282', 'csv', 'invalid_utf8'), ('\xfeff0061', 'csv', 'invalid_utf8'),
    ('{', 'csv', null), ('{}', 'json', null), ('[]', 'json', null), ('1', 'json', null), ('{', 'json', 'invalid_json'), ('', 'json', 'invalid_json'),
    ('\xff', 'json', 'invalid_utf8'), ('{"a":"\\u0000"}', 'json', 'invalid_json'), ('{"a":"\\ud800"}', 'json', 'invalid_json'), ('NaN', 'json', 'invalid_json'),
    ('1e400000', 'json', 'invalid_json'), ('\xefbbbf7b7d', 'json', 'invalid_json')) as t (payload, format, want);
select is(staging.bytes_defect(convert_to(repeat('[', 100000), 'UTF8'), 'json'), 'invalid_json', 'nesting 100,000 deep');
select is(staging.json_values('{"a":1,"b":"x","c":null}', '{c,b,a,d}'), '{null,x,1,null}', 'values in the order asked for');
select is(staging.json_values('{"a":1}', '{}'), '{}', 'none asked for');
select is(staging.trimmed(given), want, 'trimmed ' || pg_temp.shown(given))
from (values (' x ', 'x'), (E'\t\n\r\x0b\fx\u00a0', 'x'), (E'\u00a0 \u00a0', ''), ('', ''), (null, null), ('a b', 'a b'), (E'\u00a0a\u00a0b\u00a0', E'a\u00a0b')) as t (given, want);
select * from finish();
rollback;
