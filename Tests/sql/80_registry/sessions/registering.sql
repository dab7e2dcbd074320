-- Several sessions register at once: one id for a schema, one version for a place, no gap and no deadlock. What is registered is
-- committed, so this file has a database of its own.
\ir ../../support.psql
select * from no_plan();
\ir ../../sessions.psql
create temp table session (name text);
insert into session values ('a'), ('b'), ('c'), ('d');
select pg_temp.connect(name, 'registrar') from session \g /dev/null
-- Statements of all sessions at once; what each says, in order.
create function pg_temp.at_once(p_sql text) returns text[] language plpgsql as $$
declare
    v_said text[];
begin
    perform dblink_send_query(name, replace(p_sql, '%session', name)) from pg_temp.session;
    v_said := array(select t.said from pg_temp.session s cross join lateral (select said from dblink_get_result(s.name, true) as r (said text)) t order by s.name);
    perform count(*) from pg_temp.session s cross join lateral dblink_get_result(s.name, true) as r (said text);
    return v_said;
end $$;
select setval('registry.schema_schema_id_seq', 100) \g /dev/null
update ops.setting set value = 'NONE' where name = 'registry.compatibility';

select is(pg_temp.at_once($$select status || ' ' || body from registry.change('POST', '{subjects,same,versions}', '{}', '{"schema":"\"int\""}')$$),
    array_fill('200 {"id":101,"version":1}'::text, array[4]), 'the same schema, four times at once, is one');
-- Each session adds forty schemas of its own and ten that all have, to one subject and to its own.
create temp table said as select n, answer from unnest(pg_temp.at_once($$
    select string_agg(c.status::text, ' ') from generate_series(1, 50) i, unnest(array['shared', 'own-%session']) subject,
    registry.change('POST', array['subjects', subject, 'versions'], '{}', json_build_object('schema', format('{"type":"fixed","name":"F","size":%s}',
        case when i % 5 = 0 then i else i + 1000 * (ascii('%session') - 96) end))::text) c$$)) with ordinality as u (answer, n);
select is(answer, rtrim(repeat('200 ', 100)), format('session %s: all are registered', n)) from said;
select is((select count(*) || ' ' || count(distinct canonical_digest) || ' ' || max(schema_id) from registry.schema), '171 171 271', 'each schema once, and no id was spent in vain');
select is((select format('%s %s %s', count(*), count(distinct schema_id), max(version)) from registry.subject_version where subject = 'shared'), '170 170 170', 'each version once, without gaps');
select is((select string_agg(distinct format('%s %s', versions, newest), ', ') from (select count(*) versions, max(version) newest from registry.subject_version where subject like 'own-%' group by subject) s), '50 50', 'and in each own subject');
-- One registers under a level while another sets it, deletes, and reads: each sees a state that was.
update ops.setting set value = 'BACKWARD' where name = 'registry.compatibility';
create temp table mixed as select answer from unnest(pg_temp.at_once($$
    select string_agg(distinct c.status::text, ' ') from generate_series(1, 40) i, lateral registry.change(
        case i % 4 when 0 then 'DELETE' when 1 then 'PUT' else 'POST' end,
        case i % 4 when 0 then '{subjects,mixed}' when 1 then '{config,mixed}' else '{subjects,mixed,versions}' end::text[], '{}',
        case i % 4 when 1 then '{"compatibility":"BACKWARD"}' else json_build_object('schema', format('{"type":"record","name":"R","fields":[{"name":"f%s","type":"int"%s}]}', i, case when i % 8 < 4 then ',"default":0' else '' end))::text end) c$$)) as u (answer);
select is_empty($$select answer from mixed where answer !~ '^(200|404|409)( (200|404|409))*$'$$, 'answers are those of the registry');
select is((select deadlocks from pg_stat_database where datname = current_database()), 0::bigint, 'nobody has waited in a circle');
select is((select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())), 0::bigint, 'and nothing is held');
-- Whoever only asks waits for nobody: one holds the lock, another registers what is there, and reads.
select dblink_exec('a', 'begin') \g /dev/null
select is((select said from dblink('a', $$select status::text from registry.change('POST', '{subjects,held,versions}', '{}', '{"schema":"\"null\""}')$$) as r (said text)), '200', 'a registration that is not committed');
select dblink_exec('b', 'set statement_timeout = ''5s''') \g /dev/null
select is((select said from dblink('b', $$select body from registry.change('POST', '{subjects,same,versions}', '{}', '{"schema":"\"int\""}')$$) as r (said text)), '{"id":101,"version":1}', 'what is there is answered meanwhile');
select is((select said from dblink('b', $$select status::text from registry.ask('GET', '{subjects,held,versions}', '{}', null)$$) as r (said text)), '404', 'what is not committed is not there');
select dblink_exec('a', 'rollback') \g /dev/null
select is((select said from dblink('b', $$select body from registry.change('POST', '{subjects,held,versions}', '{}', '{"schema":"\"boolean\""}')$$) as r (said text)) ~ '"version":1', true, 'and leaves nothing');
select dblink_disconnect(name) from session \g /dev/null
select * from finish();
