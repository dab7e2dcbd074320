-- Schemas and their versions, and who may do what with them.
begin;
\ir ../support.psql
select * from no_plan();

create function pg_temp.registered(p_subject text, p_text text, p_after integer default null) returns text language plpgsql as $$
declare
    v_done record;
begin
    perform set_config('role', 'collector_admin', true);
    select * into v_done from registry.register(p_subject, p_text, p_text, p_after);
    perform set_config('role', 'none', true);
    return format('%s v%s %s', v_done.schema_id, v_done.version, case when v_done.is_new then 'new' else 'same' end);
exception when others then
    return sqlstate;
end $$;
-- Ids are from a sequence that other tests may have taken from.
select setval('registry.schema_schema_id_seq', 100);

select is(pg_temp.registered('a-value', '"string"'), '101 v1 new', 'the first version');
select is(pg_temp.registered('a-value', '"string"'), '101 v1 same', 'again: the same id and version');
select is(pg_temp.registered('a-value', '"int"', 1), '102 v2 new', 'another schema is version 2');
select is(pg_temp.registered('b-value', '"string"'), '101 v1 new', 'a schema of two subjects has one id');
select is(pg_temp.registered('a-value', '"long"', 1), 'EM300', 'judged against a version that is no longer the newest');
select is(pg_temp.registered('c-value', '"long"', 1), 'EM300', 'or that never was');
select is(pg_temp.registered('a-value', '"string"', 0), '101 v1 same', 'what is there is there, whatever it was judged against');
select is(pg_temp.registered('c-value', '"long"', 0), '103 v1 new', '0: there is none yet');
select is((select count(*) from registry.schema), 3::bigint, 'three schemas, and what was refused took no id');
select is(subject, outcome, what) from (values
    (pg_temp.registered('', '"long"'), '23514', 'an empty subject'), (pg_temp.registered(repeat('x', 256), '"long"'), '23514', 'a long one'),
    (pg_temp.registered(E'a\nb', '"long"'), '23514', 'one of two lines'), (pg_temp.registered('d', ''), '23514', 'an empty schema'),
    (pg_temp.registered('d', repeat(' ', 1048577)), '23514', 'one of more than a mebibyte'), (pg_temp.registered(null, '"x"'), '23502', 'no subject'),
    (pg_temp.registered('d', null), '23502', 'no schema')) v (subject, outcome, what);

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
from unnest(array['loader', 'collector', 'collector_admin']) role
cross join (values
    ('registry.schema_by_id(101)', $$(101,AVRO,"""string""")$$), ('registry.schema_by_id(999)', 'nothing'),
    ('registry.latest(''a-value'')', $$(a-value,2,102,AVRO,"""int""")$$), ('registry.latest(''z-value'')', 'nothing'),
    ('registry.versions(''b-value'')', $$(b-value,1,101,AVRO,"""string""","""string""")$$)) c (call, answer);
select is(pg_temp.read_as('collector_admin', 'registry.versions(''a-value'')'),
    $$(a-value,1,101,AVRO,"""string""","""string""") (a-value,2,102,AVRO,"""int""","""int""")$$, 'versions, oldest first');
select is(pg_temp.read_as('collector_admin', 'registry.compatibility(''a-value'')'), 'BACKWARD', 'the level is BACKWARD');
update ops.setting set value = 'full' where name = 'registry.compatibility';
select is(pg_temp.read_as('collector_admin', 'registry.compatibility(''a-value'')'), 'FULL', 'unless the setting says otherwise');

-- A version taken out of its subject, as the whole API will do it: its schema stays, its number is not given again.
update registry.subject_version set deleted_at = clock_timestamp() where subject = 'a-value' and version = 2;
select is(pg_temp.read_as('loader', 'registry.schema_by_id(102)'), $$(102,AVRO,"""int""")$$, 'messages of a deleted version are read');
select is(pg_temp.read_as('collector', 'registry.latest(''a-value'')'), $$(a-value,1,101,AVRO,"""string""")$$, 'the newest that stands');
select is(pg_temp.registered('a-value', '"int"', 1), '102 v3 new', 'the same schema again: its id, the next version');
update registry.subject_version set deleted_at = clock_timestamp() where subject = 'c-value';
select is(pg_temp.registered('c-value', '"long"', 0), '103 v2 new', 'a subject without versions may be judged against none');

-- What none of them may.
select is(pg_temp.state_as(role, statement), '42501', format('%s: %s', role, statement)) from (values
    ('loader', $$select registry.register('x', 'x', 'x')$$), ('collector', $$select registry.register('x', 'x', 'x')$$),
    ('loader', $$select registry.compatibility('x')$$), ('promoter', 'select registry.schema_by_id(1)'), ('relay', $$select registry.latest('x')$$),
    ('privacy', $$select registry.latest('x')$$)) c (role, statement);
select is(pg_temp.state_as(role, format(statement, table_name)), '42501', format('%s: %s', role, format(statement, table_name)))
from unnest(array['loader', 'collector', 'collector_admin']) role,
    unnest(array['registry.schema', 'registry.subject_version']) table_name,
    unnest(array['select from %s', 'delete from %s', 'truncate %s cascade']) statement;

select is_empty($$select conname from pg_constraint where connamespace = 'registry'::regnamespace
    and conname !~ ('^' || (select relname from pg_class where oid = conrelid) || '_.*(pkey|fkey|key|check)$')$$, 'every constraint has a name of ours');
select throws_ok($$update registry.schema set canonical = 'another'$$, '23514', null, 'a digest belongs to its form');
select throws_ok($$delete from registry.schema$$, '23503', null, 'a schema with versions stays');
select * from finish();
rollback;
