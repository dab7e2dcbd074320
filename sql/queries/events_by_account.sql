-- title:  Accounts by events
-- params: :limit integer = 10, :first_day date = null, :last_day date = null
-- answer: rank, account_id (a pseudonym), events, types, packages, first_at (UTC), last_at (UTC)
--
-- Stored events of the days (UTC) from first_day to last_day, both included; null: without a bound. Accounts of equally many
-- events share a rank, and whoever shares the last rank is shown, too. The account_id is what the sender calls the account; whose
-- it is nothing in this schema says.
\if :{?limit}
\else
    \set limit 10
\endif
\if :{?first_day}
\else
    \set first_day ''
\endif
\if :{?last_day}
\else
    \set last_day ''
\endif
select a.rank, a.account_id, a.events, a.types, a.packages, a.first_at, a.last_at
from (
    select new_context_account_id as account_id, count(*) as events, count(distinct type) as types,
        count(distinct left(correlation_id::text, 31)) as packages,
        min(timestamp_stamp) at time zone 'UTC' as first_at, max(timestamp_stamp) at time zone 'UTC' as last_at,
        rank() over (order by count(*) desc) as rank
    from analytics.events
    where timestamp_stamp >= coalesce(nullif(:'first_day', '')::date::timestamp at time zone 'UTC', '-infinity')
        and timestamp_stamp < coalesce((nullif(:'last_day', '')::date + 1)::timestamp at time zone 'UTC', 'infinity')
    group by new_context_account_id
) a
where a.rank <= :limit
order by a.rank, a.account_id;
