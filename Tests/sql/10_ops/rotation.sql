-- ops.rotate, empty_slot, slot_table, summarize_slot.
begin;
\ir ../support.psql
select * from no_plan();
create function pg_temp.slots() returns text language sql as $$
    select (select current_slot from ops.feed where feed = 'membership.application') || ': '
        || (select string_agg((select count(*) from staging.membership_application a where a.slot = s)::text, ' ' order by s) from generate_series(0, 2) s)
$$;
create function pg_temp.rotate() returns integer language plpgsql as $$
declare v integer;
begin
    perform set_config('role', 'promoter', true);
    v := ops.rotate('membership.application');
    perform set_config('role', 'none', true);
    return v;
end $$;
truncate staging.membership_application;  -- what tests rolled back before still takes room
select is(pg_temp.state_as('promoter', $$select ops.rotate('no.feed')$$), 'EM010', 'an unknown feed');
select is(ops.slot_table('membership.application', 1::smallint), 'staging.membership_application_1'::regclass, 'the table of a slot');
select is(pg_temp.rotate(), 0, 'nothing to empty');
select is(pg_temp.slots(), '0: 0 0 0', 'an unused slot stays current');

select pg_temp.land('{"Ann Ash,ann@x.com,1990-01-01,11111111","Bob,bob@x.com,1990-01-01,1"}') as a \gset
select lives_ok($$select ops.summarize_slot('membership.application', 0::smallint)$$, 'a slot can be summarised');
select is(pg_temp.rotate(), 0, 'a slot with a landed batch is not emptied');
select is(pg_temp.slots(), '1: 2 0 0', 'but new batches go elsewhere');
select pg_temp.land('{"Cid Cox,cid@x.com,1990-01-01,11111111"}') as b \gset
select is(pg_temp.slots(), '1: 2 1 0', 'namely to the next slot');
select is(pg_temp.rotate(), 0, 'neither of two with landed batches is emptied');
select is(pg_temp.slots(), '2: 2 1 0', 'and it moves on');
select is(pg_temp.rotate(), 0, 'the current slot is empty: nothing to do');
select is(pg_temp.slots(), '2: 2 1 0', 'and it stays');
select pg_temp.land('{"Dan Day,dan@x.com,1990-01-01,11111111"}') as c \gset
select is(pg_temp.rotate(), 0, 'every slot has a landed batch');
select is(pg_temp.slots(), '2: 2 1 1', 'it does not move on to a slot in use');
select is((select count(*) from pg_temp.promote()), 3::bigint, 'batches of all slots are promoted');
select is(pg_temp.books(:a), '2 = 1 + 1 + 0, promoted', 'of slot 0, too');
select is(pg_temp.rotate(), 3, 'all are emptied');
select is(pg_temp.slots(), '0: 0 0 0', 'rows of promoted batches are gone');
select is((select count(*) from membership.member), 3::bigint, 'members are not');
select is((select count(*) from staging.reject), 1::bigint, 'nor are rejects');
select is_empty($$select * from ops.reconcile('membership.application')$$, 'and the books hold');

-- One promoted and one landed batch in a slot: it stays whole.
select pg_temp.land('{"Eve Elm,eve@x.com,1990-01-01,11111111"}') as d \gset
select count(*) as n from pg_temp.promote() \gset
select pg_temp.land('{"Fay Fox,fay@x.com,1990-01-01,11111111"}') as e \gset
select is(ops.empty_slot('membership.application', 0::smallint), false, 'one landed batch keeps the whole slot');
select is(ops.empty_slot('membership.application', 1::smallint), false, 'an empty slot needs no emptying');
select is(pg_temp.slots(), '0: 2 0 0', 'nothing is gone');
set local lock_timeout = '7s';
select count(*) as n from pg_temp.promote() \gset
select is(ops.empty_slot('membership.application', 0::smallint), true, 'then it is emptied');
select is(current_setting('lock_timeout'), '7s', 'and the caller''s lock_timeout is as before');
select * from finish();
rollback;
