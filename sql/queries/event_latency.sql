-- title:  How long events take from the door to the table
-- params: :first_day date = null, :last_day date = null
-- answer: stage, events, p50_ms, p90_ms, p99_ms, most_ms
--
-- Of the stored events whose batch was landed on the days (UTC) from first_day to last_day, both included (null: without a bound):
-- from the door's receipt (the time in the correlation id) to Kafka's, from there to staging, from staging to the table, and the
-- whole way. Clocks are the door's, the broker's and PostgreSQL's, so what is near 0 may be below it. Events of a batch that was
-- replayed count as stored then.
\if :{?first_day}
\else
    \set first_day ''
\endif
\if :{?last_day}
\else
    \set last_day ''
\endif
with timed as (
    select date_part('epoch', b.received_at) * 1000 as landed, date_part('epoch', b.promoted_at) * 1000 as stored,
        date_part('epoch', e.publish_time) * 1000 as published,
        ('x' || left(translate(e.correlation_id::text, '-', ''), 12))::bit(48)::bigint as received
    from analytics.events e
    join analytics.batch b on b.batch_id = e.batch_id
    where b.feed = 'events.raw' and b.promoted_at is not null
        and b.received_on >= coalesce(nullif(:'first_day', '')::date, '-infinity')
        and b.received_on <= coalesce(nullif(:'last_day', '')::date, 'infinity')
), staged as (
    select s.place, s.stage, round(s.took)::bigint as took
    from timed t
    cross join lateral (values
        (1, 'door to Kafka', t.published - t.received), (2, 'Kafka to staging', t.landed - t.published),
        (3, 'staging to table', t.stored - t.landed), (4, 'whole way', t.stored - t.received)) as s (place, stage, took)
)
select stage, count(took) as events, percentile_disc(0.5) within group (order by took) as p50_ms,
    percentile_disc(0.9) within group (order by took) as p90_ms, percentile_disc(0.99) within group (order by took) as p99_ms,
    max(took) as most_ms
from staged
group by place, stage
order by place;
