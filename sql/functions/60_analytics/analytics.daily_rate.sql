-- Grouping changes no row: it tells the planner that a currency has one rate a day. Without it a join of orders was estimated
-- at 110 times its rows, and a million order lines were sorted instead of hashed (5.8 s against 1.7 s).
create or replace view analytics.daily_rate with (security_invoker = true) as
select r.currency, d.day::date as day, min(r.rate) as rate
from (
    select currency, valid_from, rate,
        coalesce(lead(valid_from) over (partition by currency order by valid_from) - 1,
            greatest(valid_from, current_date + 366)) as valid_until
    from analytics.currency_rate
) r
cross join lateral generate_series(r.valid_from::timestamp, r.valid_until::timestamp, interval '1 day') as d (day)
group by r.currency, d.day::date;

comment on view analytics.daily_rate is
    'exchange rates by day, for joining by equality: a rate holds until the next one, the last one for a year from today';
