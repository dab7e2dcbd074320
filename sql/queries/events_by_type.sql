-- title:  Events by type and hour
-- params: :first_day date = null, :last_day date = null
-- answer: hour (UTC), type, events, accounts, share (of the hour's events)
--
-- Stored events by the hour they happened in, of the days (UTC) from first_day to last_day, both included; null: the day of the
-- latest event. accounts are the different ones among them.
\if :{?first_day}
\else
    \set first_day ''
\endif
\if :{?last_day}
\else
    \set last_day ''
\endif
with latest as materialized (
    select (max(timestamp_stamp) at time zone 'UTC')::date as day from analytics.events
), span as materialized (
    select coalesce(nullif(:'first_day', '')::date, day)::timestamp at time zone 'UTC' as since,
        (coalesce(nullif(:'last_day', '')::date, day) + 1)::timestamp at time zone 'UTC' as until
    from latest
), counted as (
    select date_trunc('hour', timestamp_stamp at time zone 'UTC') as hour, type, count(*) as events,
        count(distinct new_context_account_id) as accounts
    from analytics.events
    where timestamp_stamp >= (select since from span) and timestamp_stamp < (select until from span)
    group by 1, 2
)
select hour, type, events, accounts, round(events / sum(events) over (partition by hour), 4) as share
from counted
order by hour, events desc, type collate "C";
