-- ops.register_file, start_file, finish_file, fail_file: as the role loader.
begin;
\ir ../support.psql
select * from no_plan();
set local role loader;
select source_file_id as f, state = 'loading' and landed_records = 0 as fresh
from ops.register_file('membership.application', repeat('a', 64), 'one.csv', 10, 'csv') \gset
select source_file_id as again, name as again_name from ops.register_file('membership.application', repeat('a', 64), 'two.csv', 10, 'csv') \gset
select source_file_id as other from ops.register_file('membership.application', repeat('b', 64), 'one.csv', 10, 'csv', ';') \gset
select ops.start_file(:f, array[' E-Mail ', 'Mobile No', 'NAME', E'date of-birth\u00a0', 'email']) as folded \gset
reset role;
select ok(:'fresh', 'a new file is loading, at record 0');
select is(:f, :again, 'the same bytes under another name are the same file');
select is(:'again_name'::text, 'one.csv', 'and keep the first name');
select isnt(:f, :other, 'other bytes under the same name are another file');
select is(:'folded'::text[], '{e_mail,mobile_no,name,date_of_birth,email}', 'names are folded, in the header''s order');
select is((select columns from ops.source_file where source_file_id = :f), '{e_mail,mobile_no,name,date_of_birth,email}', 'and written down');
select is((select delimiter from ops.source_file where source_file_id = :other), ';', 'the delimiter is kept');

select is(pg_temp.state_as('loader', format('select ops.start_file(%s, %L)', :f, header)), state, 'header ' || header)
from (values
    ('{name,email,date_of_birth,mobile_no}', '00000'), ('{mobile_no,date_of_birth,email,name}', '00000'),
    ('{Name,EMAIL,Date-Of-Birth,"mobile no"}', '00000'), ('{name,email,date_of_birth,mobile_no,x,x,""}', '00000'),
    ('{name,email,date_of_birth}', 'EM011'), ('{}', 'EM011'), ('{name,email,date_of_birth,mobile_no,NAME}', 'EM011'),
    ('{name,name,email,date_of_birth,mobile_no}', 'EM011'), ('{"name;email;date_of_birth;mobile_no"}', 'EM011'),
    ('{"''); drop table ops.batch; --",email,date_of_birth,mobile_no}', 'EM011')) as t (header, state);
create function pg_temp.hint_of(p_file bigint, p_header text[]) returns text language plpgsql as $$
declare
    v_hint text;
begin
    perform ops.start_file(p_file, p_header);
    return null;
exception when sqlstate 'EM011' then
    get stacked diagnostics v_hint = pg_exception_hint;
    return v_hint;
end
$$;
select is(pg_temp.hint_of(:f, header) like '%--delimiter%', says, 'a hint at the delimiter: ' || array_to_string(header, ','))
from (values ('{"name;email;date_of_birth;mobile_no"}'::text[], true), (array[E'name\temail'], true), ('{name}', false), ('{"name;email",date_of_birth}', false)) as t (header, says);

select is(pg_temp.state_as('loader', q), state, q)
from (values
    ($$select ops.register_file('no.feed', repeat('a', 64), 'x', 1, 'csv')$$, 'EM010'),
    ($$select ops.register_file(null, repeat('a', 64), 'x', 1, 'csv')$$, 'EM010'),
    ($$select ops.register_file('membership.application', 'abc', 'x', 1, 'csv')$$, '23514'),
    ($$select ops.register_file('membership.application', repeat('A', 64), 'x', 1, 'csv')$$, '23514'),
    ($$select ops.register_file('membership.application', repeat('c', 64), 'x', -1, 'csv')$$, '23514'),
    ($$select ops.register_file('membership.application', repeat('c', 64), 'x', 1, 'xml')$$, '23514'),
    ($$select ops.register_file('membership.application', repeat('c', 64), 'x', 1, 'csv', '::')$$, '23514'),
    ($$select ops.register_file('membership.application', repeat('c', 64), 'x', 1, 'csv', '')$$, '23514'),
    ($$select ops.register_file('membership.application', repeat('c', 64), null, 1, 'csv')$$, '23502'),
    ($$select ops.register_file('membership.application', repeat('d', 64), '''); drop table ops.batch; --', 1, 'csv')$$, '00000')) as t (q, state);

-- Failing, and trying anew.
set local role loader;
select ops.fail_file(:other, 'unreadable');
reset role;
select is((select state || ', ' || reason || ', ' || (finished_at is not null) from ops.source_file where source_file_id = :other),
    'failed, unreadable, true', 'a failed file says why');
set local role loader;
select source_file_id as retried, state as retried_state, name as retried_name, reason is null and finished_at is null as cleared, delimiter as retried_delimiter
from ops.register_file('membership.application', repeat('b', 64), 'retry.csv', 10, 'csv', ',') \gset
reset role;
select is(:retried, :other, 'tried anew it is the same file');
select is(:'retried_state' || ' ' || :'retried_name' || ' ' || :'cleared' || ' ' || :'retried_delimiter', 'loading retry.csv t ,', 'loading, under its new name, without the old reason');
select is(pg_temp.state_as('loader', format('select ops.finish_file(%s, 5)', :f)), 'EM020', 'a file is not finished before its last record');
select is(pg_temp.state_as('loader', format('select ops.finish_file(%s, 0)', :f)), '00000', 'at its last record it is');
select is(pg_temp.state_as('loader', format('select ops.finish_file(%s, 0)', :f)), '00000', 'twice does nothing');
select is(pg_temp.state_as('loader', format('select ops.finish_file(%s, 1)', :f)), 'EM020', 'at another record it is refused');
select is(pg_temp.state_as('loader', 'select ops.finish_file(-1, 0)'), 'EM020', 'so is an unknown file');
set local role loader;
select ops.fail_file(:f, 'too late');
select state as loaded_state from ops.register_file('membership.application', repeat('a', 64), 'three.csv', 10, 'csv') \gset
reset role;
select is(:'loaded_state'::text, 'loaded', 'a loaded file does not fail, and is found as loaded');
select is((select reason from ops.source_file where source_file_id = :f), null, 'and has no reason');
select * from finish();
rollback;
