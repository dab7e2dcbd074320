-- A registry of 500 subjects with 50 versions each, and the largest schemas there may be.
begin;
\ir ../support.psql
\ir requests.psql
select * from no_plan();
-- Only what does not end is caught by this: no clock is looked at.
set local statement_timeout = '60s';
insert into registry.schema (schema_type, schema_text, canonical, canonical_digest, tree)
select 'AVRO', t, t, sha256(convert_to(t, 'UTF8')), t::jsonb
from generate_series(1, 25000) i, lateral (select format('{"type":"fixed","name":"F%s","size":%s,"doc":"%s"}', i, i, repeat('x', 700))) as s (t);
insert into registry.subject_version (subject, version, schema_id)
select format('s-%s', lpad(((place - 1) / 50)::text, 3, '0')), (place - 1) % 50 + 1, schema_id
from (select schema_id, row_number() over (order by schema_id) from registry.schema) s (schema_id, place);
analyze registry.schema, registry.subject_version;
create function pg_temp.listed(p_url text) returns text language sql as $$
    select format('%s: %s to %s', count(*), min(name), max(name))
    from jsonb_array_elements(substr(pg_temp.get(p_url), 5)::jsonb) e, lateral (select (e ->> 'subject') || ' ' || lpad(e ->> 'version', 2, '0')) as n (name)
$$;
select is(pg_temp.listed('/schemas' || query), listed, 'GET /schemas' || query) from (values
    ('', '1000: s-000 01 to s-019 50'), ('?limit=5000', '1000: s-000 01 to s-019 50'), ('?limit=-1&offset=1000', '1000: s-020 01 to s-039 50'), ('?limit=10', '10: s-000 01 to s-000 10'),
    ('?limit=10&offset=24995', '5: s-499 46 to s-499 50'), ('?offset=25000', '0:  to '), ('?latestOnly=true', '500: s-000 50 to s-499 50'), ('?latestOnly=true&offset=490&limit=5', '5: s-490 50 to s-494 50'),
    ('?subjectPrefix=s-1&latestOnly=true', '100: s-100 50 to s-199 50'), ('?subjectPrefix=s-42&limit=55', '55: s-420 01 to s-421 05')) as c (query, listed);
select is(jsonb_array_length(substr(pg_temp.get('/subjects'), 5)::jsonb), 500, 'all subjects');
select is(pg_temp.get('/subjects?subjectPrefix=s-49&offset=8'), '200 ["s-498","s-499"]', 'some of them');
select is(pg_temp.get('/subjects/s-250/versions?offset=47'), '200 [48,49,50]', 'versions of one');
select is(pg_temp.code(pg_temp.change('DELETE', '/subjects/s-250')), '200 no error', 'one goes');
select is(pg_temp.get('/subjects?deletedOnly=true'), '200 ["s-250"]', 'and is found');
select is(pg_temp.listed('/schemas?latestOnly=true&subjectPrefix=s-25'), '9: s-251 50 to s-259 50', 'or not');
-- A page of subjects with a prefix is read by index.
create function pg_temp.plan_of(p_sql text) returns text language plpgsql as $$
declare
    v_line text;
    v_plan text := '';
begin
    for v_line in execute 'explain (costs off) ' || p_sql loop
        v_plan := v_plan || v_line || ' ';
    end loop;
    return v_plan;
end $$;
select matches(pg_temp.plan_of(sql), plan, sql) from (values
    ($$select v.subject, v.version from registry.subject_version v where starts_with(v.subject, 's-42') order by v.subject, v.version limit 10$$, '^Limit .*Index (Only )?Scan using subject_version_pkey')) as c (sql, plan);

-- The largest there are, in bodies of nearly 2 MiB.
create function pg_temp.length_of(p_answer text) returns text language sql as $$ select left(p_answer, 4) || length(substr(p_answer, 5)::jsonb ->> 'schema') $$;
select is(pg_temp.code(pg_temp.post('large-avro', format('{"type":"string","note":"%s"}', repeat('é', 524270)))), '200 no error', 'Avro of a mebibyte');
select is(pg_temp.length_of(pg_temp.get('/subjects/large-avro/versions/1')), '200 ' || length(format('{"type":"string","note":"%s"}', repeat('é', 524270))), 'and back');
select is(pg_temp.code(pg_temp.post('large-json', format('{"enum":[%s1]}', repeat('11,', 349520)), '{"schemaType":"JSON"}')), '200 no error', 'JSON Schema of as much');
select is(pg_temp.length_of(pg_temp.get('/subjects/large-json/versions/1')), '200 ' || 3 * 349520 + 12, 'and back');
select is(pg_temp.code(pg_temp.change('POST', '/subjects/escaped/versions', format('{"schemaType":"JSON","schema":"\"%s\""}', repeat('\u0041', 349500)))), '422 42201', 'two mebibytes of escapes that say a third of it: a string is no schema');
select is(pg_temp.code(pg_temp.change('POST', '/subjects/many/versions', pg_temp.body((select format('{"type":"record","name":"M","fields":[%s]}', string_agg(pg_temp.field('f' || i, '"int"'), ',')) from generate_series(1, 5000) i)))), '200 no error', 'a record of 5,000 fields');
select is(pg_temp.ask('POST', '/compatibility/subjects/many/versions?verbose=true', pg_temp.body((select format('{"type":"record","name":"M","fields":[%s]}', string_agg(pg_temp.field('f' || i, '"int"'), ',')) from generate_series(1, 5001) i))),
    $$200 {"is_compatible":false,"messages":["cannot read what version 1 wrote: field f5001: the reader's schema has no default for it and the writer's has no such field"]}$$, 'and one more that has no default');
-- More text than an answer takes is refused before it is read.
insert into registry.schema (schema_type, schema_text, canonical, canonical_digest)
select 'JSON', t, i::text, sha256(convert_to(i::text, 'UTF8')) from generate_series(1, 20) i, lateral (select format('{"n":%s,"a":"%s"}', i, repeat('y', 1000000))) as s (t);
insert into registry.subject_version (subject, version, schema_id) select 'wide', row_number() over (order by schema_id), schema_id from registry.schema where length(canonical) <= 2;
select matches(pg_temp.get('/schemas?subjectPrefix=wide'), '^400 .*These schemas have 200002\d\d bytes: ask for fewer by limit and offset', 'twenty of a megabyte');
select is(pg_temp.listed('/schemas?subjectPrefix=wide&limit=16'), '16: wide 01 to wide 16', 'sixteen of them');
select * from finish();
rollback;
