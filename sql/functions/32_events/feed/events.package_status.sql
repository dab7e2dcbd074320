create or replace function events.package_status(p_package uuid)
returns table (
    package_id uuid, received_at timestamptz, sent integer, stored integer, rejected integer, duplicate integer, pending integer,
    missing integer, summary text, reasons jsonb
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
-- What became of a package of events; one row. p_package is its id or the correlation id of any of its events. Each event is
-- counted once: as stored when it is, whatever else was made of it; else as pending, rejected, duplicate.
--   received_at  when the door took it in, by the id
--   sent         how many events it has; where no message says so, the greatest ordinal that was seen
--   rejected     by the door or by events.promote()
--   duplicate    the same events are stored under other correlation ids
--   pending      landed, not judged yet
--   missing      sent, and not seen: still in Kafka
--   summary      the same as a sentence: 7 sent, 5 stored, 2 rejected
--   reasons      [{"code", "reason", "events"}] of those rejected, the most frequent first
declare
    v_package uuid := events.package_id(p_package);
begin
    return query
        with seen as materialized (
            select events.ordinal(s.correlation_id) as ordinal, s.package_size, s.codes, s.reasons,
                case when s.outcome = 'refused' then 'rejected' else s.outcome end as outcome,
                case s.outcome when 'stored' then 1 when 'pending' then 2 when 'duplicate' then 4 else 3 end as place
            from events.package_seen(v_package, events.correlation_id(v_package, 1048575)) s
            where s.codes is null or 'returned_dead_letter' <> all (s.codes)
        ), ended as materialized (
            select distinct on (s.ordinal) s.ordinal, s.outcome, s.codes, s.reasons from seen s order by s.ordinal, s.place
        ), counted as (
            select greatest((select max(s.package_size) from seen s), coalesce(max(e.ordinal), 0)) as sent,
                count(*) as found,
                count(*) filter (where e.outcome = 'stored') as stored,
                count(*) filter (where e.outcome = 'rejected') as rejected,
                count(*) filter (where e.outcome = 'duplicate') as duplicate,
                count(*) filter (where e.outcome = 'pending') as pending
            from ended e
        ), why as (
            select r.code, (array_agg(r.reason order by r.reason))[1] as reason, count(*) as events
            from ended e
            cross join lateral unnest(e.codes, e.reasons) as r (code, reason)
            where e.outcome = 'rejected'
            group by r.code
        )
        select v_package, events.correlated_at(v_package), c.sent, c.stored::integer, c.rejected::integer, c.duplicate::integer,
            c.pending::integer, (c.sent - c.found)::integer,
            case
                when c.found = 0 then 'nothing is known of this package'
                else concat_ws(', ', c.sent || ' sent', c.stored || ' stored', c.rejected || ' rejected',
                    case when c.duplicate > 0 then c.duplicate || ' duplicate' end,
                    case when c.pending > 0 then c.pending || ' pending' end,
                    case when c.sent > c.found then c.sent - c.found || ' missing' end)
            end,
            coalesce((
                select jsonb_agg(jsonb_build_object('code', w.code, 'reason', w.reason, 'events', w.events) order by w.events desc, w.code)
                from why w), '[]')
        from counted c;
end
$$;
