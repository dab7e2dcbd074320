-- A day that is past retention is not dropped before the archive has saved what is in it.
begin;
\ir ../support.psql
\ir ../32_events/feed.psql
\ir archive.psql
select * from no_plan();
create function pg_temp.named() returns text[] language plpgsql as $$
declare
    v_named text[];
begin
    perform set_config('role', 'promoter', true);
    v_named := array(select c.relname from ops.expired_partitions() e join pg_class c on c.oid = e.partition);
    perform set_config('role', 'none', true);
    return v_named;
end $$;
create function pg_temp.told() returns text[] language plpgsql as $$
declare
    v_told text[];
begin
    perform set_config('role', 'promoter', true);
    v_told := array(select regexp_replace(object, '^.*[.]', '') || ' ' || done from ops.maintain() where task = 'retention');
    perform set_config('role', 'none', true);
    return v_told;
end $$;
select format('events_%s', to_char(now() at time zone 'UTC' - interval '10 days', 'YYYYMMDD')) as day \gset
select ops.ensure_partition('public.events', (now() at time zone 'UTC')::date - n) from generate_series(10, 12) n \g /dev/null
-- Made here by a superuser: they are to be like those that the owner makes.
select format('alter table public.events_%s owner to emporium_owner', to_char(now() at time zone 'UTC' - n * interval '1 day', 'YYYYMMDD')) from generate_series(10, 12) n \gexec
select pg_temp.set_to('events.window_past', '100 days');
select pg_temp.land(array[pg_temp.event(), pg_temp.old_event(), '{}']) as batch \gset
select count(*) from pg_temp.promote_events() \g /dev/null
select pg_temp.set_to('events.retention', '5 days');

select is(pg_temp.named() && array[:'day'], false, 'a day of events that are in no object yet is not to be dropped');
select is(cardinality(pg_temp.named()) >= 2, true, 'days without such are');
select is(pg_temp.told() && array[:'day' || ' past 5 days, kept until the archive has saved what is in it'], true, 'maintain says why');
update ops.archive_pending set first_at = null, last_at = null where kind = 'event';
select is(pg_temp.named(), '{}', 'nor is any day while it is not known where pending events are');
select pg_temp.seal(true) \g /dev/null
select is(pg_temp.named() && array[:'day'], false, 'sealed it waits for the store');
select is(cardinality(pg_temp.named()) >= 2, true, 'others are not held up');
select pg_temp.set_to('archive.enabled', 'off');
select is(pg_temp.named() && array[:'day'], true, 'with the archive off nothing is waited for');
select pg_temp.set_to('archive.enabled', 'on');
select pg_temp.deliver() \g /dev/null
select is(pg_temp.named() && array[:'day'], true, 'delivered, it may go');
select is(pg_temp.told() && array[:'day' || ' past 5 days'], true, 'maintain names it');

-- Months of rejects likewise, by the day of landing.
select ops.ensure_partition('staging.reject', '2020-01-15') \g /dev/null
update ops.archive_object set day = '2020-01-31' where kind = 'dead_letter';
select is(pg_temp.named() && '{reject_202001}', true, 'a month is named');
update ops.outbox q set state = 'waiting', delivered = null, delivered_at = null from ops.archive_object o where o.object_id = q.object_id and o.kind = 'dead_letter';
select is(pg_temp.named() && '{reject_202001}', false, 'not while an object of it waits');
update ops.archive_object set day = '2020-02-01' where kind = 'dead_letter';
select is(pg_temp.named() && '{reject_202001}', true, 'one of another month does not matter');
insert into ops.archive_pending (kind, batch_id, run_id, feed, day, records) values ('dead_letter', :batch, 999999, 'events.raw', '2020-01-01', 1);
select is(pg_temp.named() && '{reject_202001}', false, 'nor while some of it is in no object');
select * from finish();
rollback;
