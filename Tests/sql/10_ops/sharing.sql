-- ops.share_partitions, leave_partitions and what they are made of: who owns what, and when the epoch rises.
begin;
\ir ../support.psql
\ir kafka.psql
select * from no_plan();
select is(pg_temp.state_as('loader', format('select * from ops.share_partitions(%L, ''c1'', 3, %L, ''m'', 1)', feed, pg_temp.member(1))), 'EM010', name)
from (values ('no.feed', 'an unknown feed'), (null, 'a null feed'), ('membership.application', 'a feed of files')) as t (feed, name);

-- Even shares, in whatever order the members come: each calls until nobody's share changes any more.
create function pg_temp.settle(p_members integer, p_partitions integer) returns text language plpgsql as $$
declare
    v_before text;
begin
    delete from ops.kafka_position;
    delete from ops.kafka_member;
    for i in 1 .. 5 loop
        v_before := pg_temp.owners();
        perform pg_temp.share(m, p_partitions) from generate_series(1, p_members) m;
        exit when v_before = pg_temp.owners();
    end loop;
    return pg_temp.owners();
end
$$;
select is(pg_temp.settle(members, partitions), want, format('%s members, %s partitions', members, partitions))
from (values (1, 1, '1'), (1, 3, '111'), (1, 7, '1111111'), (2, 1, '1'), (2, 3, '112'), (2, 7, '1111222'),
    (3, 1, '1'), (3, 3, '123'), (3, 7, '1112233'), (3, 4, '1123'), (9, 3, '123')) as t (members, partitions, want);

-- One joins, another, one leaves; what stays does not move.
delete from ops.kafka_position;
delete from ops.kafka_member;
select is(pg_temp.share(1, 7), '0/-/1 1/-/1 2/-/1 3/-/1 4/-/1 5/-/1 6/-/1', 'the first takes all');
select is(pg_temp.share(1, 7), '0/-/1 1/-/1 2/-/1 3/-/1 4/-/1 5/-/1 6/-/1', 'and keeps all, at the same epoch');
select is(pg_temp.share(2, 7), '', 'nothing is free for the second yet');
select is(pg_temp.share(1, 7), '0/-/1 1/-/1 2/-/1 3/-/1', 'the first gives up the highest');
select is(pg_temp.share(2, 7), '4/-/3 5/-/3 6/-/3', 'the second takes them; the epoch rose twice');
select is(pg_temp.share(3, 7), '', 'nothing is free for the third yet');
select is(pg_temp.owns(1, 7) || '|' || pg_temp.owns(2, 7) || '|' || pg_temp.owns(3, 7), '0 1 2|4 5|3 6', 'both give one to the third');
select is(pg_temp.leave(1), '00000', 'the first leaves');
select is(pg_temp.owners(), '---3223', 'its partitions are free');
select is(pg_temp.owns(2, 7) || '|' || pg_temp.owns(3, 7), '0 1 4 5|2 3 6', 'the others take them, the lowest first');
select is(pg_temp.leave(1), '00000', 'leaving twice does no harm');
select is(pg_temp.owns(2, 7) || '|' || pg_temp.owns(3, 7), '0 1 4 5|2 3 6', 'and changes nothing');

-- The topic grows; it does not shrink.
select is(pg_temp.owns(2, 9) || '|' || pg_temp.owns(3, 9), '0 1 4 5 7|2 3 6 8', 'new partitions are shared');
select is(pg_temp.owns(2, 1) || '|' || pg_temp.owns(3, 1), '0 1 4 5 7|2 3 6 8', 'fewer partitions than there were: nothing goes');
select is(pg_temp.state_as('loader', format('select * from ops.share_partitions(''shop.customer'', ''c1'', null, %L, ''m'', %s)', pg_temp.member(2), pg_backend_pid())), '00000', 'nor for null');
select is((select count(*) from ops.kafka_position), 9::bigint, 'all positions are there');

-- Dead by lease, dead by session.
select results_eq($$select member from ops.kafka_member where lease_until <= clock_timestamp() or lease_until > clock_timestamp() + ops.setting_value('kafka.lease')::interval$$,
    array[]::uuid[], 'leases last as long as the setting says');
update ops.kafka_member set lease_until = clock_timestamp() - interval '1 ms' where member = pg_temp.member(3);
select is(pg_temp.owns(3, 9), '2 3 6 8', 'a lease that is out is renewed while nobody has noticed');
update ops.kafka_member set lease_until = clock_timestamp() - interval '1 ms' where member = pg_temp.member(3);
select is(pg_temp.owns(2, 9), '0 1 2 3 4 5 6 7 8', 'else whoever notices takes over');
select is_empty($$select * from ops.kafka_member where member = pg_temp.member(3)$$, 'the dead member is gone');
select is(pg_temp.owns(3, 9), '', 'it comes back as a newcomer');
select is(pg_temp.owns(2, 9) || '|' || pg_temp.owns(3, 9), '0 1 2 3 4|5 6 7 8', 'and gets its share');
select is(pg_temp.owns(3, 9, 0), '5 6 7 8', 'a member without a session');
select is(pg_temp.owns(2, 9), '0 1 2 3 4 5 6 7 8', 'is replaced before its lease is out');
-- pg_backend_pid() again, which began at another time: the number of a process is used again.
select is(pg_temp.owns(3, 9) || pg_temp.owns(2, 9) || pg_temp.owns(3, 9), '0 1 2 3 45 6 7 8', 'back once more');
update ops.kafka_member set backend_start = backend_start - interval '1 s' where member = pg_temp.member(3);
select is(pg_temp.owns(2, 9), '0 1 2 3 4 5 6 7 8', 'another session of the same number does not count');

-- Clusters and feeds do not meet; a member that goes to another cluster has left the first.
select is(pg_temp.share(4, 2, 'c2'), '0/-/1 1/-/1', 'another cluster has positions of its own');
select is(pg_temp.owners(), '222222222', 'the first is as it was');
select is(pg_temp.share(2, 2, 'c2'), '', 'a member turns to it');
select is(pg_temp.owners(), '---------', 'and leaves the first');
select is(pg_temp.share(4, 2, 'c2') || '|' || pg_temp.share(2, 2, 'c2'), '0/-/1|1/-/3', 'it has its share there');

-- Where reading begins.
select is(pg_temp.state_as('loader', format('select ops.begin_partition(''shop.customer'', ''c2'', %s, %s, %s)', partition, epoch, first)), state, name)
from (values (0, '2', '5', 'EM022', 'an epoch that is not'), (0, '0', '5', 'EM022', 'an epoch that was'), (9, '1', '5', 'EM022', 'a partition that is not'),
    (0, 'null', '5', 'EM022', 'no epoch'), (0, '1', '-1', '23514', 'an offset that cannot be')) as t (partition, epoch, first, state, name);
set local role loader;
select ops.begin_partition('shop.customer', 'c2', 0, 1, 100) as first, ops.begin_partition('shop.customer', 'c2', 1, 3, 0) as zero \gset
select ops.begin_partition('shop.customer', 'c2', 0, 1, 200) as again \gset
select ops.note_high('shop.customer', 'c2', '{1,0}', '{7,150}');
reset role;
select is(:first, 100, 'the first offset that the cluster has');
select is(:zero, 0, 'or zero');
select is(:again, 100, 'only the first time');
select is(pg_temp.share(4, 2, 'c2') || ' ' || pg_temp.share(2, 2, 'c2'), '0/100/1 1/0/3', 'and whoever owns it is told');
set local role promoter;
select string_agg(concat_ws('/', topic, partition, next_offset, high_offset, lag, owner, waiting_batches, (lease_until > clock_timestamp())::text), ' ' order by partition) as lag
from ops.kafka_lag where cluster_id = 'c2' \gset
reset role;
select is(:'lag'::text, 'customers/0/100/150/50/member 4/0/true customers/1/0/7/7/member 2/0/true', 'the lag');
select is((select count(*) from ops.kafka_lag where cluster_id = 'c1' and lag is null and owner is null), 9::bigint, 'none is known where nobody has looked');
select * from finish();
rollback;
