-- title:  Events that were refused, by reason
-- params: :first_day date = null, :last_day date = null
-- answer: code, reason, by (door or judge), events, share (of all events received)
--
-- Of the events that were landed on the days (UTC) from first_day to last_day, both included (null: without a bound), those that
-- are refused: by the door, whose dead letters they are, or by the judge in PostgreSQL. Received are all events of both, each once.
-- An event with several codes counts for each; duplicates of stored events are no faults. What a replay has stored is not refused.
\if :{?first_day}
\else
    \set first_day ''
\endif
\if :{?last_day}
\else
    \set last_day ''
\endif
with landed as materialized (
    select batch_id, received_on, feed, received
    from analytics.batch
    where feed in ('events.raw', 'events.dead_letter')
        and received_on >= coalesce(nullif(:'first_day', '')::date, '-infinity')
        and received_on <= coalesce(nullif(:'last_day', '')::date, 'infinity')
), refused as materialized (
    select l.feed, r.disposition::text as disposition, r.codes
    from landed l
    join analytics.reject r on r.received_on = l.received_on and r.batch_id = l.batch_id
), total as materialized (
    select (select sum(received) from landed)
        - (select count(*) from refused where feed = 'events.dead_letter' and 'returned_dead_letter' = any (codes)) as events
), counted as (
    select c.code, r.feed, count(*) as events
    from refused r
    cross join lateral unnest(r.codes) as c (code)
    where r.disposition = 'rejected'
    group by c.code, r.feed
)
select c.code, coalesce(own.reason, every.reason) as reason, case c.feed when 'events.raw' then 'judge' else 'door' end as by,
    c.events, round(c.events / nullif((select events from total), 0), 6) as share
from counted c
left join analytics.rule own on own.feed = c.feed and own.code = c.code
left join analytics.rule every on every.feed = '*' and every.code = c.code
order by c.events desc, c.code collate "C", by;
