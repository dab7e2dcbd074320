create or replace view analytics.daily_rate with (security_invoker = true) as
select r.currency, d.day::date as day, r.rate
from (
    select currency, valid_from, rate,
        coalesce(lead(valid_from) over (partition by currency order by valid_from) - 1,
            greatest(valid_from, current_date + 366)) as valid_until
    from analytics.currency_rate
) r
cross join lateral generate_series(r.valid_from::timestamp, r.valid_until::timestamp, interval '1 day') as d (day);

comment on view analytics.daily_rate is
    'exchange rates by day, for joining by equality: a rate holds until the next one, the last one for a year from today';
