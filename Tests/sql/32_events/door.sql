-- API keys and the memory of packages, and who may do what with them.
begin;
\ir ../support.psql
select * from no_plan();

create function pg_temp.answer_as(p_role text, p_sql text) returns text language plpgsql as $$
declare v_answer text;
begin
    perform set_config('role', p_role, true);
    execute 'select string_agg(r::text, '' '') from (' || p_sql || ') r' into v_answer;
    perform set_config('role', 'none', true);
    return coalesce(v_answer, 'nothing');
exception when others then
    return sqlstate;
end $$;
create function pg_temp.digest(p_text text) returns bytea language sql as 'select sha256(convert_to(p_text, ''UTF8''))';
grant execute on function pg_temp.digest(text) to public;
select setval('events.api_key_api_key_id_seq', 100);

select is(pg_temp.answer_as('collector_admin', $$select events.add_api_key('shop', pg_temp.digest('one'), 12.5)$$), '(101)', 'a key is added');
select is(pg_temp.answer_as('collector_admin', $$select events.add_api_key('shop', pg_temp.digest('two'))$$), '(102)', 'a second one of the sender');
select is(pg_temp.answer_as('collector_admin', $$select events.add_api_key('till.7', pg_temp.digest('three'))$$), '(103)', 'another sender');
select is(pg_temp.answer_as('collector_admin', format('select events.add_api_key(%s)', arguments)), state, arguments) from (values
    ($$'shop', pg_temp.digest('one')$$, '23505'), ($$'shop', 'short'$$, '23514'), ($$'', pg_temp.digest('x')$$, '23514'), ($$'a b', pg_temp.digest('x')$$, '23514'),
    ($$'-x', pg_temp.digest('x')$$, '23514'), ($$repeat('x', 64), pg_temp.digest('x')$$, '23514'), ($$E'a\nb', pg_temp.digest('x')$$, '23514'), ($$'é', pg_temp.digest('x')$$, '23514'),
    ($$null, pg_temp.digest('x')$$, '23502'), ($$'x', null$$, '23502'), ($$'x', pg_temp.digest('x'), 0$$, '23514'), ($$'x', pg_temp.digest('x'), 'NaN'$$, '23514'),
    ($$'x', pg_temp.digest('x'), 'Infinity'$$, '23514'), ($$'x', pg_temp.digest('x'), 1000001$$, '23514')) v (arguments, state);
select is(pg_temp.answer_as('collector', 'select api_key_id, sender, key_digest = pg_temp.digest(''one''), rate, pg_typeof(rate) from events.api_keys() order by 1'),
    '(101,shop,t,12.5,"double precision") (102,shop,f,5000,"double precision") (103,till.7,f,5000,"double precision")', 'a collector knows them by their digests, each with its rate');
select is(pg_temp.answer_as('collector_admin', 'select api_key_id, sender, rate, created_at is null, revoked_at from events.list_api_keys()'),
    '(101,shop,12.5,f,) (102,shop,,f,) (103,till.7,,f,)', 'who keeps the keys sees no digest');
select is_empty($$select a from unnest((select proargnames from pg_proc where oid = 'events.list_api_keys()'::regprocedure)) a where a like '%digest%'$$, 'at all');

select is(pg_temp.answer_as('collector_admin', 'select api_key_id, sender from events.revoke_api_key(102)'), '(102,shop)', 'one key is revoked');
select is(pg_temp.answer_as('collector_admin', 'select api_key_id from events.revoke_api_key(102)'), 'nothing', 'again: nothing happens');
select is(pg_temp.answer_as('collector_admin', $$select api_key_id from events.revoke_api_key(p_sender => 'shop')$$), '(101)', 'all of a sender: those that are good');
select is(pg_temp.answer_as('collector', 'select api_key_id from events.api_keys()'), '(103)', 'a collector no longer knows them');
select is(pg_temp.answer_as('collector_admin', 'select api_key_id, revoked_at >= created_at from events.list_api_keys()'), '(101,t) (102,t) (103,)', 'the list does');
select is(pg_temp.answer_as('collector_admin', format('select events.revoke_api_key(%s)', arguments)), state, arguments) from (values
    ('999', 'EM310'), ($$p_sender => 'nobody'$$, 'EM310'), ('', 'EM311'), ($$103, 'till.7'$$, 'EM311')) v (arguments, state);

-- The memory of packages.
create function pg_temp.remembered(p_key integer, p_name text, p_body text, p_package integer) returns text language sql as $$
    select pg_temp.answer_as('collector', format('select right(package_id::text, 1), is_same from events.remember_package(%s, %L, pg_temp.digest(%L), %L)',
        coalesce(p_key::text, 'null'), p_name, p_body, '017f22e2-79b0-7cc3-98c4-dc0c0c00000' || p_package)) $$;
select is(pg_temp.remembered(103, 'p', 'body', 1), '(1,t)', 'a package that is new has its own id');
select is(pg_temp.remembered(103, 'p', 'body', 2), '(1,t)', 'again: the first one''s');
select is(pg_temp.remembered(103, 'p', 'other', 3), '(1,f)', 'with another body: told');
select is(pg_temp.remembered(103, 'p', 'body', 4), '(1,t)', 'and the first one''s body is still the one');
select is(pg_temp.remembered(101, 'p', 'other', 5), '(5,t)', 'another sender''s key is another package');
select is(pg_temp.remembered(key, name, 'body', 6), state, format('%s %s', key, left(name, 9))) from (values
    (999, 'p', '23503'), (103, '', '23514'), (103, repeat('x', 256), '23514'), (103, repeat('é', 128), '23514'), (103, repeat('x', 255), '(6,t)'), (null, 'p', '23502'), (103, null, '23502')) v (key, name, state);
select is((select count(*) from events.package where remembered_at > clock_timestamp() - interval '1 minute'), 3::bigint, 'three are remembered');

update events.package set remembered_at = '2026-01-01T00:00:00Z' where api_key_id = 101;
update events.package set remembered_at = '2026-01-02T00:00:00Z' where idempotency_key = 'p' and api_key_id = 103;
select is(events.forget_packages('2026-01-31T00:00:00Z'), 0::bigint, 'nothing is forgotten within 30 days');
select is(events.forget_packages('2026-01-31T00:00:01Z'), 1::bigint, 'what is past is');
select is(events.forget_packages('2026-01-31T00:00:01Z'), 0::bigint, 'once');
select is(pg_temp.remembered(101, 'p', 'new', 7), '(7,t)', 'and then is a package like any other');
update ops.setting set value = '1 day' where name = 'events.idempotency.retention';
select is(events.forget_packages('2026-01-31T00:00:01Z'), 1::bigint, 'the setting counts');

-- What none of them may.
select is(pg_temp.state_as(role, statement), '42501', format('%s: %s', role, statement)) from (values
    ('collector', $$select events.add_api_key('x', sha256('x'))$$), ('collector', 'select events.list_api_keys()'), ('collector', 'select events.revoke_api_key(103)'),
    ('collector', 'select events.forget_packages()'), ('collector_admin', 'select events.api_keys()'), ('collector_admin', 'select events.forget_packages()'),
    ('collector_admin', $$select events.remember_package(103, 'x', sha256('x'), gen_random_uuid())$$), ('loader', 'select events.api_keys()'), ('promoter', 'select events.api_keys()'),
    ('loader', $$select events.remember_package(103, 'x', sha256('x'), gen_random_uuid())$$), ('collector', 'select from public.events'), ('collector', 'select from ops.setting'),
    ('collector', 'select from staging.reject')) c (role, statement);
select is(pg_temp.state_as(role, format(statement, table_name)), '42501', format('%s: %s', role, format(statement, table_name)))
from unnest(array['loader', 'collector', 'collector_admin']) role,
    unnest(array['events.api_key', 'events.package']) table_name,
    unnest(array['select from %s', 'delete from %s', 'truncate %s cascade']) statement;

select is_empty($$select conname from pg_constraint where conrelid in ('events.api_key'::regclass, 'events.package'::regclass)
    and conname !~ ('^' || (select relname from pg_class where oid = conrelid) || '_.*(pkey|fkey|key|check)$')$$, 'every constraint has a name of ours');
select * from finish();
rollback;
