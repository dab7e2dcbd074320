create or replace function analytics.histories(p_as_of date, p_values boolean)
returns table (
    customer_id bigint, frequency integer, recency integer, age integer, orders bigint, last_day date,
    spent numeric, mean_value double precision
)
language sql stable parallel safe as $$
    -- What analytics.purchase_history() is made of, for those who need no values as well.
    --   p_values  false: spent and mean_value are not asked for, and mean_value may be wrong
    -- No SET and no definer's rights, so that it becomes part of the question that calls it, which then computes only what it reads;
    -- the caller has the rights.
    select p.customer_id, (count(*) filter (where p.is_first_of_day))::integer - 1, max(p.day) - min(p.day), p_as_of - min(p.day), count(*), max(p.day),
        sum(p.value),
        (sum(p.value) filter (where p.day > p.first_day)
            / nullif(count(p.value) filter (where p.is_first_of_day and p.day > p.first_day), 0))::double precision
    from (
        -- Within a day those that have a value come first.
        select o.customer_id, o.day, o.value, first_value(o.day) over w as first_day, lag(o.day) over w is distinct from o.day as is_first_of_day
        from (
            select o.customer_id, o.day, o.total_amount * r.rate as value
            from (
                -- The interval stands for UTC, whose name would be looked up for each row.
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
        window w as (partition by o.customer_id order by o.day, p_values and o.value is null)
    ) p
    group by p.customer_id;
$$;
