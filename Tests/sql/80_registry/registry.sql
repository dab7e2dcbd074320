-- What our own programs ask of the registry by SQL, and who of them may do what.
begin;
\ir ../support.psql
select * from no_plan();

create function pg_temp.registered(p_subject text, p_text text, p_after integer default null, p_type text default 'AVRO', p_references jsonb default '[]', p_role text default 'collector_admin')
returns text language plpgsql as $$
declare
    v_done record;
begin
    perform set_config('role', p_role, true);
    select * into v_done from registry.register(p_subject, p_text, p_type, p_references, p_after);
    perform set_config('role', 'none', true);
    return format('%s v%s %s', v_done.schema_id, v_done.version, case when v_done.is_new then 'new' else 'same' end);
exception when others then
    return sqlstate;
end $$;
-- Ids are from a sequence that other tests may have taken from.
select setval('registry.schema_schema_id_seq', 100);
update ops.setting set value = 'none' where name = 'registry.compatibility';

select is(pg_temp.registered('a-value', '"string"'), '101 v1 new', 'the first version');
select is(pg_temp.registered('a-value', '{"type": "string"}'), '101 v1 same', 'again, in other words: the same id and version');
select is(pg_temp.registered('a-value', '"int"', 1), '102 v2 new', 'another schema is version 2');
select is(pg_temp.registered('b-value', '"string"', p_role => 'registrar'), '101 v1 new', 'a schema of two subjects has one id');
select is(pg_temp.registered('a-value', '"long"', 1), 'EM300', 'looked at a version that is no longer the newest');
select is(pg_temp.registered('c-value', '"long"', 1), 'EM300', 'or that never was');
select is(pg_temp.registered('a-value', '"string"', 0), '101 v1 same', 'what is there is there, whatever was looked at');
select is(pg_temp.registered('c-value', '"long"', 0), '103 v1 new', '0: there is none yet');
select is((select count(*) from registry.schema), 3::bigint, 'three schemas, and what was refused took no id');
select is(outcome, state, what) from (values
    (pg_temp.registered('', '"long"'), 'EM305', 'an empty subject'), (pg_temp.registered(repeat('x', 256), '"long"'), 'EM305', 'a long one'),
    (pg_temp.registered(E'a\nb', '"long"'), 'EM305', 'one of two lines'), (pg_temp.registered(null, '"int"'), 'EM305', 'none'),
    (pg_temp.registered('d', ''), 'EM301', 'an empty schema'), (pg_temp.registered('d', null), 'EM301', 'none'), (pg_temp.registered('d', 'x'), 'EM301', 'a bad one'),
    (pg_temp.registered('d', repeat(' ', 1048577)), 'EM301', 'one of more than a mebibyte'), (pg_temp.registered('d', '"int"', null, null), 'EM301', 'no type'),
    (pg_temp.registered('d', '"int"', null, 'PROTOBUF'), 'EM301', 'another type'), (pg_temp.registered('d', '"int"', null, 'AVRO', null), 'EM301', 'references that are null'),
    (pg_temp.registered('d', '"int"', null, 'AVRO', '{}'), 'EM301', 'or no array'),
    (pg_temp.registered('d', '"int"', null, 'AVRO', '[{"name":"n","subject":"x","version":1}]'), 'EM304', 'a reference that is not there')) v (outcome, state, what);

-- Judged by itself.
update ops.setting set value = 'BACKWARD' where name = 'registry.compatibility';
select is(pg_temp.registered('b-value', '"int"'), 'EM302', 'not compatible');
select throws_ok($$select registry.register('b-value', '"int"')$$, 'EM302', 'the schema is not compatible with subject b-value', 'and says so');
create function pg_temp.detail_of(p_sql text) returns text language plpgsql as $$
declare
    v_detail text;
    v_hint text;
begin
    execute p_sql;
    return 'none';
exception when others then
    get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
    return v_detail || ' / ' || v_hint;
end $$;
select is(pg_temp.detail_of($$select registry.register('b-value', '"int"')$$), 'cannot read what version 1 wrote: string cannot be read as int / the subject''s level is BACKWARD', 'a line for each objection');
select is(pg_temp.registered('b-value', '"bytes"'), '104 v2 new', 'compatible');

-- Reading, as each of those who may.
create function pg_temp.read_as(p_role text, p_sql text) returns text language plpgsql as $$
declare v_row text;
begin
    perform set_config('role', p_role, true);
    execute 'select string_agg(r::text, '' '') from ' || p_sql || ' r' into v_row;
    perform set_config('role', 'none', true);
    return coalesce(v_row, 'nothing');
end $$;
select is(pg_temp.read_as(role, call), answer, format('%s: %s', role, call))
from unnest(array['loader', 'collector', 'collector_admin', 'registrar']) role
cross join (values
    ('registry.schema_by_id(101)', $$(101,AVRO,"""string""",[],"""string""")$$), ('registry.schema_by_id(999)', 'nothing'), ('registry.schema_by_id(null)', 'nothing'),
    ('registry.latest(''a-value'')', $$(a-value,2,102,AVRO,"""int""",[],"""int""")$$), ('registry.latest(''z-value'')', 'nothing'), ('registry.subjects()', 'a-value b-value c-value'),
    ('registry.versions(''c-value'')', $$(c-value,1,103,AVRO,"""long""","""long""",[],"""long""")$$)) c (call, answer);
select is(pg_temp.read_as(role, call), answer, format('%s: %s', role, call))
from unnest(array['collector_admin', 'registrar']) role
cross join (values
    ('registry.versions(''a-value'')', $$(a-value,1,101,AVRO,"""string""","""string""",[],"""string""") (a-value,2,102,AVRO,"""int""","""int""",[],"""int""")$$),
    ('registry.lookup(''a-value'', ''{"type":"int"}'')', '(a-value,2,102)'), ('registry.lookup(''a-value'', ''"long"'')', 'nothing'), ('registry.lookup(''z-value'', ''"long"'')', 'nothing'),
    ('registry.objections(''a-value'', ''"int"'')', 'nothing'), ('registry.objections(''a-value'', ''"string"'')', 'nothing'), ('registry.objections(''z-value'', ''"bytes"'')', 'nothing'),
    ('registry.objections(''a-value'', ''"bytes"'')', 'cannot read what version 2 wrote: int cannot be read as bytes'),
    ('registry.objections(''a-value'', ''true'', ''JSON'')', 'version 2 is of type AVRO: a subject keeps its type, unless its level is NONE'),
    ('registry.compatibility(''a-value'')', 'BACKWARD')) c (call, answer);
select is(pg_temp.state_as('registrar', statement), state, statement) from (values
    ($$select registry.objections('a-value', 'x')$$, 'EM301'), ($$select registry.lookup('a-value', '"x"')$$, 'EM301'), ($$select registry.lookup('a-value', '"int"', 'XML')$$, 'EM301'),
    ($$select registry.objections('a-value', '"int"', 'AVRO', '[{"name":"n","subject":"x","version":1}]')$$, 'EM304')) c (statement, state);
update ops.setting set value = 'full' where name = 'registry.compatibility';
select is(pg_temp.read_as('collector_admin', 'registry.compatibility(''a-value'')'), 'FULL', 'unless the setting says otherwise');
update ops.setting set value = 'none' where name = 'registry.compatibility';

-- With references: the text, and the text resolved.
select is(pg_temp.registered('e', '{"type":"enum","name":"x.E","symbols":["A"]}'), '105 v1 new', 'a type');
select is(pg_temp.registered('r', '{"type":"array","items":"x.E"}', null, 'AVRO', '[{"name":"x.E","subject":"e","version":1}]'), '106 v1 new', 'one with it');
select is(pg_temp.read_as('loader', $$(select schema_text, schema_references, resolved_text::jsonb #>> '{items,symbols,0}' from registry.latest('r'))$$),
    $$("{""type"":""array"",""items"":""x.E""}","[{""name"": ""x.E"", ""subject"": ""e"", ""version"": 1}]",A)$$, 'as it was given, and with what it refers to');
select is(pg_temp.read_as('registrar', $$registry.lookup('r', '{"items":"x.E","type":"array"}', 'AVRO', '[{"name":"x.E","subject":"e","version":1}]')$$), '(r,1,106)', 'looked up with its references');
select is((select canonical like '%' || E'\n' || '[{"id": 105, "name": "x.E", "subject": "e", "version": 1}]' from registry.versions('r')), true, 'which are part of what it is');

-- A version taken out of its subject: its schema stays, its number is not given again.
update registry.subject_version set deleted_at = clock_timestamp() where subject = 'a-value' and version = 2;
select is(pg_temp.read_as('loader', 'registry.schema_by_id(102)'), $$(102,AVRO,"""int""",[],"""int""")$$, 'messages of a deleted version are read');
select is(pg_temp.read_as('collector', 'registry.latest(''a-value'')'), $$(a-value,1,101,AVRO,"""string""",[],"""string""")$$, 'the newest that stands');
select is(pg_temp.read_as('registrar', 'registry.lookup(''a-value'', ''"int"'')'), 'nothing', 'not looked up');
select is(pg_temp.registered('a-value', '"int"', 1), '102 v3 new', 'the same schema again: its id, the next version');
update registry.subject_version set deleted_at = clock_timestamp() where subject = 'c-value';
select is(pg_temp.registered('c-value', '"long"', 0), '103 v2 new', 'a subject without versions may be looked at as none');

-- What none of them may.
select is(pg_temp.state_as(role, statement), '42501', format('%s: %s', role, statement)) from (values
    ('loader', $$select registry.register('x', '"int"')$$), ('collector', $$select registry.register('x', '"int"')$$), ('loader', $$select registry.compatibility('x')$$), ('collector', $$select registry.lookup('x', '"int"')$$),
    ('collector', $$select registry.objections('x', '"int"')$$), ('promoter', 'select registry.schema_by_id(1)'), ('relay', $$select registry.latest('x')$$), ('privacy', $$select registry.latest('x')$$)) c (role, statement);
select is(pg_temp.state_as(role, format(statement, table_name)), '42501', format('%s: %s', role, format(statement, table_name)))
from unnest(array['loader', 'collector', 'collector_admin', 'registrar']) role,
    unnest(array['registry.schema', 'registry.subject_version', 'registry.schema_reference', 'registry.subject_setting']) table_name,
    unnest(array['select from %s', 'delete from %s', 'truncate %s cascade']) statement;

select is_empty($$select conname from pg_constraint where connamespace = 'registry'::regnamespace
    and conname !~ ('^' || (select relname from pg_class where oid = conrelid) || '_.*(pkey|fkey|key|check)$')$$, 'every constraint has a name of ours');
select throws_ok($$update registry.schema set canonical = 'another'$$, '23514', null, 'a digest belongs to its form');
select throws_ok($$delete from registry.schema$$, '23503', null, 'a schema with versions stays');
select throws_ok($$insert into registry.subject_setting (subject) values ('x')$$, '23514', null, 'a subject with nothing of its own has no row');
select throws_ok(format($$insert into registry.subject_setting (subject, %s) values ('x', 'x')$$, name), '23514', null, name || ' x') from unnest(array['compatibility', 'mode']) name;
select * from finish();
rollback;
