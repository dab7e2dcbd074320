-- What a constraint refuses is rejected alone; an outage never is.
begin;
\ir ../support.psql
select * from no_plan();
select pg_temp.land(array(select format('Ann Ash%s,s%s@x.com,1990-01-01,%s', n, n, 10000000 + n) from generate_series(1, 50) n) || '{"x","Bo,bo@x.org,1990-01-01,1"}'::text[]) as batch \gset
create function pg_temp.refuse() returns trigger language plpgsql as $$
begin
    if new.mobile_no in ('10000002', '10000049') then raise exception using errcode = tg_argv[0], message = 'refused', constraint = 'member_test'; end if;
    return null;
end $$;
savepoint s;

set local role emporium_owner;
alter table membership.member add constraint member_test_check check (mobile_no not in ('10000001', '10000007', '10000008', '10000031', '10000050'));
reset role;
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote()', 'values (52::bigint, 45::bigint, 7::bigint, 0::bigint)', 'a CHECK refuses five rows: the others are stored');
select is((select array_agg(position order by position) from staging.reject where codes = '{constraint_violation}'), '{1,7,8,31,50}', 'exactly those are rejects');
select ok((select bool_and(reasons[1] like '%(member_test_check)') from staging.reject where codes = '{constraint_violation}'), 'which name the constraint');
select is((select count(distinct plain_id || ordinal) from membership.member where batch_id = :batch), 45::bigint, 'ids are distinct');
select is_empty('select * from ops.reconcile(''membership.application'')', 'the books hold');
set local role emporium_owner;
alter table membership.member drop constraint member_test_check;
reset role;
select is((select stored from ops.replay('membership.application', '{"code":"constraint_violation"}', false)), 5::bigint, 'once it is gone a replay stores them');
rollback to s;

create constraint trigger t900_test after insert on membership.member deferrable initially deferred for each row execute function pg_temp.refuse('23514');
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote()', 'values (52::bigint, 48::bigint, 4::bigint, 0::bigint)', 'a deferred constraint trigger refuses two');
select is((select array_agg(position order by position) from staging.reject where codes = '{constraint_violation}'), '{2,49}', 'exactly those are rejects');
select lives_ok('set constraints all immediate', 'and nothing is left that would fail at COMMIT');
rollback to s;

create constraint trigger t900_test after insert on membership.member deferrable initially deferred for each row execute function pg_temp.refuse('22023');
select results_eq('select received, stored, rejected, duplicate from pg_temp.promote()', 'values (52::bigint, 48::bigint, 4::bigint, 0::bigint)', 'class 22 from a deferred trigger, too');
rollback to s;

-- An outage, at once or deferred: the promote fails with its SQLSTATE and books nothing.
create function pg_temp.outage(p_state text, p_deferred boolean) returns text language plpgsql as $$
declare v text;
begin
    begin
        execute format('create constraint trigger t900_test after insert on membership.member %s for each row execute function pg_temp.refuse(%L)',
            case when p_deferred then 'deferrable initially deferred' else '' end, p_state);
        begin
            perform pg_temp.promote();
            v := '00000';
        exception when others then v := sqlstate;
        end;
        v := v || ' ' || (select count(*) from membership.member) || ' ' || (select count(*) from staging.reject) || ' ' || (select state || ' ' || stored + rejected + duplicate from ops.batch where state = 'landed');
        raise exception using errcode = 'ZZ000';
    exception when sqlstate 'ZZ000' then return v;
    end;
end $$;
select is(pg_temp.outage(state, deferred), state || ' 0 0 landed 0', format('%s %s', state, case when deferred then 'deferred' else 'at once' end))
from unnest('{53100,53200,53300,40P01,40001,55P03,57P01,57P03,58030,08006,XX000,42501,P0001}'::text[]) state, unnest('{false,true}'::boolean[]) deferred;
select is(pg_temp.books(:batch), '52 = 0 + 0 + 0, landed', 'the batch waits');
select results_eq('select stored, rejected from pg_temp.promote()', 'values (50::bigint, 2::bigint)', 'once the outage is over it is promoted as if nothing had been');
select * from finish();
rollback;
