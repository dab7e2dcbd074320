create or replace function analytics.purchase_history(p_as_of date)
returns table (
    customer_id bigint, frequency integer, recency integer, age integer, orders bigint, last_day date,
    spent numeric, mean_value double precision
)
language sql stable parallel safe as $$
    -- What is known of each customer's purchases at the end of a UTC day: the day is a parameter, never the clock. Orders of one day
    -- are one purchase; those that are cancelled are aside, returned ones count. No SET and no definer's rights: so it becomes part of the
    -- question that calls it, which then computes only the columns that it reads. Callers hold the rights.
    --   frequency   purchases after the first one
    --   recency     days from the first to the last
    --   age         days from the first to p_as_of
    --   spent       in all, in the shop's currency by the day's rate; orders of days without a rate add nothing
    --   mean_value  of the purchases after the first one, likewise; null where there is none, or none that has a rate
    select p.customer_id, (count(*) filter (where p.is_first_of_day))::integer - 1, max(p.day) - min(p.day), p_as_of - min(p.day), count(*), max(p.day),
        sum(p.value),
        (sum(p.value) filter (where p.day > p.first_day)
            / nullif(count(*) filter (where p.is_first_value and p.day > p.first_day), 0))::double precision
    from (
        -- Two windows, so that nobody sorts by values who does not ask for them. Within a day those without one come first.
        select o.customer_id, o.day, o.value, first_value(o.day) over w as first_day, lag(o.day) over w is distinct from o.day as is_first_of_day,
            o.value is not null and (lag(o.value) over v is null or lag(o.day) over v <> o.day) as is_first_value
        from (
            select o.customer_id, o.day, o.total_amount * r.rate as value
            from (
                select o.customer_id, (o.order_date at time zone interval '0')::date as day, o.total_amount, o.currency
                from shop.orders o
                where o.status <> 'cancelled' and o.order_date < (p_as_of + 1)::timestamp at time zone interval '0'
            ) o
            left join (
                -- The rate of each day on which there may be an order.
                select distinct on (c.currency, d.day) c.currency, d.day::date as day, c.rate
                from shop.currency_rate c
                cross join lateral (
                    select greatest(c.valid_from, (select (min(o.order_date) at time zone interval '0')::date from shop.orders o))::timestamp as day
                ) f
                cross join lateral generate_series(f.day, least(p_as_of, (
                    select n.valid_from - 1 from shop.currency_rate n where n.currency = c.currency and n.valid_from > c.valid_from
                    order by n.valid_from limit 1))::timestamp, interval '1 day') d (day)
                order by c.currency, d.day
            ) r on (r.currency, r.day) = (o.currency, o.day)
        ) o
        window w as (partition by o.customer_id order by o.day), v as (partition by o.customer_id order by o.day, o.value nulls first)
    ) p
    group by p.customer_id;
$$;
