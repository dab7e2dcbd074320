create or replace function events.landed(p_letters boolean, p_batch bigint, p_slot smallint, p_from bigint, p_to bigint)
returns table (
    "position" bigint, defect text, message_key bytea, origin text, payload bytea, schema_id bigint, published_at timestamptz,
    package_size integer
)
language sql stable
begin atomic
-- The messages of a batch from one offset to another (inclusive), in the columns that both staging tables of events have;
-- of dead letters those that are to be judged: what events.promote() has rejected stands already. Inlinable; one half of it
-- is never run.
--   p_letters  true: those of staging.event_dead_letter, else those of staging.event
select e.position, e.defect, e.message_key, e.origin, e.payload, e.schema_id, e.published_at, e.package_size
from staging.event e
where not p_letters and e.batch_id = p_batch and e.slot = p_slot and e.position between p_from and p_to
union all
select d.position, d.defect, d.message_key, d.origin, d.payload, null, d.published_at, d.package_size
from staging.event_dead_letter d
where p_letters and d.batch_id = p_batch and d.slot = p_slot and d.position between p_from and p_to
    and d.origin is distinct from 'promote';
end;
