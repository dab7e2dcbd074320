create or replace function events.package_seen(p_from uuid, p_to uuid)
returns table (
    correlation_id uuid, outcome text, batch_id bigint, "position" bigint, run_id bigint, schema_id bigint, package_size integer,
    timestamp_stamp timestamptz, message_id_stamp uuid, codes text[], reasons text[]
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
set enable_seqscan = off  -- by BRIN: the ledger and staging may be large
set plan_cache_mode = force_custom_plan
as $$
-- Every place where events of one package were seen, whose correlation ids are within p_from and p_to (inclusive):
--   stored     in public.events, as the ledger says
--   rejected   by events.promote()
--   refused    by the door: a dead letter of it, until a replay has stored it
--   duplicate  of what is stored; or a dead letter of events.promote() that came by (code returned_dead_letter)
--   pending    landed and not judged yet
-- Reads: events.message, public.events, staging.reject, staging.event, staging.event_dead_letter, ops.batch
declare
    v_package bytea := convert_to(left(p_from::text, 31), 'UTF8');
begin
    return query
        select m.correlation_id, 'stored', m.batch_id, m.position, b.promoted_run, e.schema_id, e.package_size, m.timestamp_stamp,
            m.message_id, null::text[], null::text[]
        from events.message m
        left join ops.batch b on b.batch_id = m.batch_id
        left join lateral (
            select v.schema_id, v.package_size from public.events v
            where v.timestamp_stamp = m.timestamp_stamp and v.message_id_stamp = m.message_id
            offset 0
        ) e on true
        where m.correlation_id between p_from and p_to;
    return query
        select events.key_correlation_id(r.message_key),
            case when r.disposition = 'duplicate' then 'duplicate' when b.feed = 'events.dead_letter' then 'refused' else 'rejected' end,
            r.batch_id, r.position, r.run_id, r.schema_id, r.package_size, null::timestamptz, null::uuid, r.codes, r.reasons
        from staging.reject r
        join ops.batch b on b.batch_id = r.batch_id and b.feed in ('events.raw', 'events.dead_letter')
        where octet_length(r.message_key) = 36 and substring(r.message_key from 1 for 31) = v_package
            and events.key_correlation_id(r.message_key) between p_from and p_to;
    return query
        select events.key_correlation_id(w.message_key), 'pending', b.batch_id, w.position, null::bigint, w.schema_id, w.package_size,
            null::timestamptz, null::uuid, null::text[], null::text[]
        from ops.batch b
        cross join lateral (
            select s.message_key, s.position, s.schema_id, s.package_size
            from staging.event s
            where b.feed = 'events.raw' and s.batch_id = b.batch_id and s.slot = b.slot and substring(s.message_key from 1 for 31) = v_package
            union all
            select s.message_key, s.position, null, s.package_size
            from staging.event_dead_letter s
            where b.feed = 'events.dead_letter' and s.batch_id = b.batch_id and s.slot = b.slot
                and substring(s.message_key from 1 for 31) = v_package
            offset 0
        ) w
        where b.feed in ('events.raw', 'events.dead_letter') and b.state = 'landed'
            and events.key_correlation_id(w.message_key) between p_from and p_to;
end
$$;
