create or replace function sample.black_friday(p_year integer) returns date
language sql immutable parallel safe
begin atomic
    select make_date(p_year, 11, 1) + (11 - extract(isodow from make_date(p_year, 11, 1))::integer) % 7 + 22;
end;
comment on function sample.black_friday is 'the day after the fourth Thursday of November';

create or replace function sample.draft_calendar(p_orders integer, p_seed bigint, p_from date, p_until date) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' set plan_cache_mode = force_custom_plan as $$
-- Lays out the days that orders are placed on, how many each has, the months, and each month's rates.
-- Writes: sample.calendar, sample.month, sample.rate
begin
    insert into sample.month (month_no, starts_at)
    select row_number() over (order by m), m
    from generate_series(date_trunc('month', p_from - interval '2 days'), p_until::timestamptz - interval '1 second', interval '1 month') m;

    -- Each day's weight: growth, month, weekday, Black Friday and some noise. Orders are shared out by the running sum, so
    -- that they add up to the number wanted.
    insert into sample.calendar (day_no, day, orders_before, orders, slots, slots_before, busy)
    select s.day_no, s.day, lag(s.orders_to, 1, 0::bigint) over w, s.orders_to - lag(s.orders_to, 1, 0::bigint) over w, 0, 0, s.busy
    from (
        select r.*, floor(p_orders * (sum(r.weight) over (order by r.day_no) / sum(r.weight) over ())
            + 0.000001)::bigint as orders_to
        from (
            select d.day - p_from as day_no, d.day, b.busy,
                ((1 + 1.3 * (d.day - p_from) / (p_until - p_from))
                    * (array[0.90, 0.85, 0.92, 0.92, 0.96, 0.93, 0.90, 0.88, 0.97, 1.02, 1.18, 1.40])[extract(month from d.day)::integer]
                    * (array[1.08, 1.00, 0.97, 0.96, 0.91, 0.93, 1.15])[extract(isodow from d.day)::integer]
                    * case b.after
                        when 0 then 3.8 when 1 then 2.0 when 2 then 1.9 when 3 then 2.6
                        when -1 then 1.4 when -2 then 1.2 when -3 then 1.15 when -4 then 1.1 else 1 end
                    * case when extract(month from d.day) = 12 and extract(day from d.day) > 23 then 0.55 else 1 end
                    * (0.95 + 0.1 * sample.uniform(sample.hash(p_seed, d.day - date '2000-01-01', 1)))::numeric
                )::numeric as weight
            from (select g::date as day from generate_series(p_from::timestamp, p_until - interval '1 day', interval '1 day') g) d
            cross join lateral (
                select d.day - sample.black_friday(extract(year from d.day)::integer) as after,
                    case
                        when d.day - sample.black_friday(extract(year from d.day)::integer) between -4 and 3 then 2
                        when extract(month from d.day) = 12 and extract(day from d.day) < 24 then 1
                        else 0
                    end as busy
            ) b
        ) r
    ) s
    window w as (order by s.day_no);

    -- Rates wander smoothly between points half a year apart, round a plausible level. A currency that has rates already
    -- keeps them.
    insert into sample.rate (currency, month_no, rate, cents_factor, unit, drawn)
    select r.currency, r.month_no, r.rate, power(10::numeric, r.minor_units) / (100 * r.rate), trim_scale(power(10::numeric, -r.minor_units)), r.drawn
    from (
        select l.currency, m.month_no, c.minor_units, not k.has_rates as drawn,
            case when k.has_rates then coalesce(
                (select rate from shop.currency_rate h where h.currency = l.currency and h.valid_from <= m.starts_at::date order by valid_from desc limit 1),
                (select rate from shop.currency_rate h where h.currency = l.currency order by valid_from limit 1))
            else round((l.level * (1 + l.range * (a.low + (a.high - a.low) * a.t * a.t * (3 - 2 * a.t))))::numeric, 6) end as rate
        from (values
            ('EUR', 1.0, 0.0), ('GBP', 1.165, 0.03), ('USD', 0.92, 0.06), ('PLN', 0.228, 0.05), ('CHF', 1.04, 0.04),
            ('SEK', 0.0885, 0.05), ('DKK', 0.1341, 0.001), ('CZK', 0.0402, 0.04), ('JPY', 0.00625, 0.08)
        ) as l (currency, level, range)
        join shop.currency c on c.currency = l.currency
        cross join lateral (select exists (select from shop.currency_rate h where h.currency = l.currency) as has_rates) k
        cross join sample.month m
        cross join lateral (
            select (m.month_no % 6) / 6.0::double precision as t,
                2 * sample.uniform(sample.hash(hashtextextended(l.currency, p_seed), m.month_no / 6, 2)) - 1 as low,
                2 * sample.uniform(sample.hash(hashtextextended(l.currency, p_seed), m.month_no / 6 + 1, 2)) - 1 as high
        ) a
    ) r;
end
$$;
