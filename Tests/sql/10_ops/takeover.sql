-- Several sessions at once: who takes over ends the old session, and a crowd that shares and lands never has a partition
-- twice. Sessions see only what is committed, so this file commits; it takes everything away again at its end.
\ir ../support.psql
\ir kafka.psql
create extension dblink;
create function pg_temp.connect(p_name text) returns integer language plpgsql as $$
begin
    perform dblink_connect(p_name, format('host=%s port=%s dbname=%I user=emporium', trim('"' from split_part(current_setting('unix_socket_directories'), ',', 1)),
        current_setting('port'), current_database()));
    return pid from dblink(p_name, 'select pg_backend_pid()') as t (pid integer);
end
$$;
-- pg_temp.share, by another session, which is the emporium login's: what it owns.
create function pg_temp.share_by(p_session text, p_member integer, p_partitions integer, p_backend integer) returns text language sql as $$
    select coalesce(string_agg(format('%s/%s', s.partition, s.epoch), ' '), '')
    from dblink(p_session, format('select partition, epoch from ops.share_partitions(''shop.customer'', ''c1'', %s, %L, %L, %s)',
        p_partitions, pg_temp.member(p_member), 'member ' || p_member, p_backend)) as s (partition integer, epoch bigint)
$$;
-- Whether a session goes, waiting for it.
create function pg_temp.goes(p_pid integer) returns boolean language plpgsql as $$
begin
    for i in 1 .. 3000 loop
        perform pg_stat_clear_snapshot();
        if not exists (select from pg_stat_activity where pid = p_pid) then
            return true;
        end if;
        perform pg_sleep(0.01);
    end loop;
    return false;
end
$$;
create function pg_temp.is_there(p_pid integer) returns boolean language sql as $$
    select exists (select from pg_stat_activity where pid = p_pid)
$$;
select * from no_plan();

-- A loader hangs in the middle of a landing: its lease runs out, the next one ends its session and goes on.
select pg_temp.connect('hangs') as hangs, pg_temp.connect('next') as next \gset
select is(pg_temp.share_by('hangs', 1, 3, :hangs), '0/1 1/1 2/1', 'one loader owns all');
select dblink_exec('hangs', 'begin') \gset
select dblink_exec('hangs', $$insert into staging.shop_customer (batch_id, position, slot, payload) values (1, 1, 0, 'x')$$) \gset
select is(pg_temp.share_by('next', 2, 3, :next), '', 'while its lease lasts the next one waits');
select ok(pg_temp.is_there(:hangs), 'and its session is left alone');
update ops.kafka_member set lease_until = clock_timestamp() - interval '1 ms' where member = pg_temp.member(1);
select is(pg_temp.share_by('next', 2, 3, :next), '0/2 1/2 2/2', 'then the next one owns all');
select ok(pg_temp.goes(:hangs), 'and the session is gone');
select throws_ok($$select dblink_exec('hangs', 'commit')$$, '08006', null, 'so what it had copied is not there');
select is_empty('select * from staging.shop_customer', 'not a row');

-- A loader is killed: its session goes, and nobody waits for the lease.
select pg_temp.connect('killed') as killed \gset
select is(pg_temp.share_by('killed', 3, 3, :killed) || '|' || pg_temp.share_by('next', 2, 3, :next) || '|' || pg_temp.share_by('killed', 3, 3, :killed), '|0/2 1/2|2/4', 'two share');
select dblink_disconnect('killed') \gset
select ok(pg_temp.goes(:killed), 'one is killed');
select ok((select lease_until > clock_timestamp() from ops.kafka_member where member = pg_temp.member(3)), 'its lease lasts');
select is(pg_temp.share_by('next', 2, 3, :next), '0/2 1/2 2/5', 'the other takes over all the same');

-- A loader comes back with a new session: the old one is ended, should it be there still.
select pg_temp.connect('anew') as anew \gset
select is(pg_temp.share_by('anew', 2, 3, :anew), '0/2 1/2 2/5', 'it keeps what it has');
select ok(pg_temp.goes(:next), 'the old session is gone');
-- Its name and its number do not give anybody a hold on sessions of other logins, or on his own.
select is(pg_temp.share_by('anew', 2, 3, pg_backend_pid()), '0/2 1/2 2/5', 'it names a session of another login');
select is((select backend_start from ops.kafka_member where member = pg_temp.member(2)), null, 'which does not count');
select dblink_disconnect('hangs'), dblink_disconnect('next'), dblink_disconnect('anew') \gset
delete from ops.kafka_position;
delete from ops.kafka_member;

-- A crowd. Each member, in a session of its own: shares, begins what is new, lands what it owns, and now and then leaves.
-- Half of them name a session that is not there, so that they are thought dead all the time and go on as zombies.
create schema crowd;
grant usage on schema crowd to emporium;
create table crowd.told (member integer, partition integer, epoch bigint);
create table crowd.refused (member integer, state text);
create procedure crowd.land(p_member integer, p_rounds integer) language plpgsql as $$
declare
    v_member uuid := format('00000000-0000-0000-0000-%s', lpad(p_member::text, 12, '0'));
    v_run bigint := ops.start_run('test', 'shop.customer', '{}');
    v_own record;
    v_opened record;
    v_nexts bigint[];
begin
    commit;
    for v_round in 1 .. p_rounds loop
        with own as (
            insert into crowd.told
            select p_member, s.partition, s.epoch
            from ops.share_partitions('shop.customer', 'c1', 7, v_member, 'member ' || p_member, case when p_member > 3 then 0 else pg_backend_pid() end) s
            returning *)
        select coalesce(array_agg(partition order by partition), '{}') as partitions, coalesce(array_agg(epoch order by partition), '{}') as epochs into v_own from own;
        commit;
        begin
            v_nexts := array(select ops.begin_partition('shop.customer', 'c1', o.partition, o.epoch, 100)
                from unnest(v_own.partitions, v_own.epochs) o (partition, epoch) order by o.partition);
            select * into v_opened from ops.open_batches('shop.customer', cardinality(v_nexts));
        exception when others then
            v_nexts := null;
            insert into crowd.refused values (p_member, sqlstate);
        end;
        commit;  -- here others take over what it is about to land
        begin
            if v_nexts <> '{}' then
                perform ops.land_messages('shop.customer', 'c1', v_run, v_opened.slot, v_opened.received_on, v_opened.batch_ids, v_own.partitions, v_own.epochs,
                    v_nexts, array(select n + 5 from unnest(v_nexts) n), array_fill(5::bigint, array[cardinality(v_nexts)]), array_fill(0::bigint, array[cardinality(v_nexts)]));
            end if;
        exception when others then
            insert into crowd.refused values (p_member, sqlstate);
        end;
        commit;
        if v_round % 7 = p_member % 7 then
            perform ops.leave_partitions(v_member);
            commit;
        end if;
    end loop;
end
$$;
grant insert, select on crowd.told, crowd.refused to emporium;
grant execute on procedure crowd.land(integer, integer) to emporium;
select pg_temp.connect('crowd' || m), dblink_send_query('crowd' || m, format('call crowd.land(%s, 60)', m)) from generate_series(1, 6) m \g /dev/null
select is((select r from dblink_get_result('crowd' || m) as t (r text)), 'CALL', format('member %s came through', m)) from generate_series(1, 6) m;
select is_empty('select partition, epoch from crowd.told group by 1, 2 having count(distinct member) > 1', 'no partition has two owners at one epoch');
select ok((select count(distinct member) = 6 from crowd.told), 'each member owned something');
select ok((select count(*) >= 60 from ops.kafka_batch), 'and a lot was landed');
select is_empty($$select * from crowd.refused where state <> 'EM022'$$, 'nothing was refused but by the fence: no deadlock');
select ok((select count(*) > 0 from crowd.refused), 'who was replaced in between was refused');
select is_empty($$select * from ops.reconcile_offsets('shop.customer')$$, 'every offset was landed exactly once');
select is((select sum(next_offset - first_offset) from ops.kafka_position), (select sum(received) from ops.batch where feed = 'shop.customer'), 'positions agree with the books');
select * from finish();

select dblink_disconnect('crowd' || m) from generate_series(1, 6) m \g /dev/null
drop schema crowd cascade;
delete from ops.kafka_batch;
delete from ops.batch where feed = 'shop.customer';
delete from ops.run where feed = 'shop.customer';
delete from ops.kafka_position;
delete from ops.kafka_member;
delete from ops.kafka_cluster;
drop extension dblink;
