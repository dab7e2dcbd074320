create or replace function ops.archive_balance()
returns table (batch_id bigint, kind text, booked bigint, archived bigint, pending bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp set jit = off set work_mem = '64MB' as $$
    -- Batches of which books and archive do not agree; none when all is well. Of batches that were promoted while the archive
    -- was off there is no more to say than that.
    --   booked     of events: stored by the books; of dead letters: rejects that stand
    --   archived   records that objects hold, delivered or not
    --   pending    records that are in no object yet
    -- Events: archived and pending are what is stored, but for those whose day was dropped before. Dead letters: each that
    -- stands is in an object or pending, by batch, run and position; objects may hold more, which replays have taken since.
    with archived as (
        select o.kind, p.batch_id, sum(p.records)::bigint as records
        from ops.archive_object o join ops.archive_piece p using (object_id)
        group by o.kind, p.batch_id
    ), pending as (
        select p.kind, p.batch_id, sum(p.records)::bigint as records from ops.archive_pending p group by p.kind, p.batch_id
    ), standing as (
        select r.batch_id, count(*) as records,
            count(*) filter (where not exists (
                select from ops.archive_pending p where (p.kind, p.batch_id, p.run_id) = ('dead_letter', r.batch_id, r.run_id))
                and not exists (
                    select from ops.archive_piece p join ops.archive_object o using (object_id)
                    where o.kind = 'dead_letter' and (p.batch_id, p.run_id) = (r.batch_id, r.run_id)
                        and r.position between p.first_position and p.last_position)) as missing
        from staging.reject r
        where r.disposition = 'rejected'
        group by r.batch_id
    )
    select b.batch_id, 'event', b.stored, coalesce(a.records, 0), coalesce(p.records, 0)
    from ops.batch b
    join ops.feed f using (feed)
    left join archived a on (a.kind, a.batch_id) = ('event', b.batch_id)
    left join pending p on (p.kind, p.batch_id) = ('event', b.batch_id)
    where f.archives_stored and coalesce(a.records, 0) + coalesce(p.records, 0) not between b.stored - b.expired and b.stored
    union all
    select s.batch_id, 'dead_letter', s.records, coalesce(a.records, 0), coalesce(p.records, 0)
    from standing s
    left join archived a on (a.kind, a.batch_id) = ('dead_letter', s.batch_id)
    left join pending p on (p.kind, p.batch_id) = ('dead_letter', s.batch_id)
    where s.missing > 0 or coalesce(a.records, 0) + coalesce(p.records, 0) < s.records
    order by 1, 2;
$$;
