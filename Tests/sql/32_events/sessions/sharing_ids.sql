-- Two sessions promote batches that share their ids, in another order, with days that are missing and rows that a constraint
-- refuses: no deadlock, and one result. What is landed is committed, so this file has a database of its own.
\ir ../../support.psql
\ir ../feed.psql
select * from no_plan();
\ir ../../sessions.psql
select pg_temp.connect('a', 'promoter'), pg_temp.connect('b', 'promoter') \g /dev/null
-- Each round: the same ids in two batches, backwards in the second; a third of them say something else there; the day is another
-- one each round and is not there yet; in every second round one row of each batch is refused by a constraint.
alter table public.events add constraint events_test_check check (type <> 'cursed');
create temp table round (n integer, first bigint, second bigint, said text);
create function pg_temp.landed(p_round integer, p_second boolean) returns bigint language sql as $$
    select pg_temp.land((select array_agg(pg_temp.event(jsonb_build_object(
            'data', jsonb_build_object('id', case when p_second and i % 3 = 0 then 'other' else 'same' end, 'amount', i),
            'attributes', jsonb_build_object('type', case when p_round % 2 = 0 and i = 100 then 'cursed' else 'paid' end,
                'timestampStamp', to_char(now() at time zone 'UTC' - make_interval(days => 2 * p_round + i % 2), 'YYYY-MM-DD"T"12:00:00"Z"'))),
            md5(p_round || ' ' || i)::uuid::text) order by case when p_second then -i else i end) from generate_series(1, 300) i), p_partition => p_second::integer)
$$;
do $$
declare
    v_first bigint;
    v_second bigint;
    v_run bigint := ops.start_run('test', 'events.raw', '{}');
    v_said text;
begin
    for n in 1..8 loop
        v_first := pg_temp.landed(n, false);
        v_second := pg_temp.landed(n, true);
        commit;
        perform dblink_send_query(c, format('select received || '' '' || stored + rejected + duplicate from ops.promote_next(''events.raw'', %s)', v_run)) from unnest('{a,b}'::text[]) c;
        select string_agg(coalesce(t.said, 'nothing'), ', ') into v_said
        from unnest('{a,b}'::text[]) c, lateral (select * from dblink_get_result(c, true) as r (said text)) t;
        insert into pg_temp.round values (n, v_first, v_second, v_said);
        perform count(*) from unnest('{a,b}'::text[]) c, lateral dblink_get_result(c, true) as r (said text);
        commit;
    end loop;
end
$$;
select is(said, '300 300, 300 300', 'round ' || n || ': both batches are promoted') from round;
select is((select count(*) from public.events e where e.batch_id in (first, second)), 300 - case when n % 2 = 0 then 1 else 0 end::bigint, 'round ' || n || ': each id is stored once') from round;
select is((select format('%s %s', count(*) filter (where codes = '{conflict}'), count(*) filter (where codes = '{duplicate_event}')) from staging.reject where batch_id in (first, second)),
    case when n % 2 = 0 then '100 199' else '100 200' end, 'round ' || n || ': the others are conflicts and duplicates') from round;
select is((select count(*) from staging.reject where codes = '{constraint_violation}'), 8::bigint, 'what a constraint refuses stands alone, twice a round');
select is_empty($$select * from public.events e full join events.message m on m.message_id = e.message_id_stamp where m.message_id is null or e.message_id_stamp is null or (e.batch_id, e.position) <> (m.batch_id, m.position)$$, 'table and ledger agree');
select is_empty($$select * from ops.reconcile('events.raw')$$, 'the books hold');
select is((select deadlocks from pg_stat_database where datname = current_database()), 0::bigint, 'nobody has waited in a circle');
select dblink_disconnect('a'), dblink_disconnect('b') \g /dev/null
select * from finish();
