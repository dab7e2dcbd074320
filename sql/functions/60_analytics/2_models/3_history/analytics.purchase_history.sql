create or replace function analytics.purchase_history(p_as_of date)
returns table (
    customer_id bigint, frequency integer, recency integer, age integer, orders bigint, last_day date,
    spent numeric, mean_value double precision
)
language sql stable security definer parallel safe set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
    -- What is known of each customer's purchases at the end of a UTC day: the day is a parameter, never the clock. Orders of one day
    -- are one purchase; those that are cancelled are aside, returned ones count.
    --   frequency   purchases after the first one
    --   recency     days from the first to the last
    --   age         days from the first to p_as_of
    --   spent       in all, in the shop's currency by the day's rate; orders of days without a rate add nothing
    --   mean_value  of the purchases after the first one, likewise; null where there is none, or none that has a rate
    select p.customer_id, count(*)::integer - 1, max(p.day) - min(p.day), p_as_of - min(p.day), sum(p.orders)::bigint, max(p.day),
        sum(p.value),
        (sum(p.value) filter (where p.number > 1) / nullif(count(p.value) filter (where p.number > 1), 0))::double precision
    from (
        select o.customer_id, o.order_date::date as day, count(*) as orders, sum(o.total_amount * r.rate) as value,
            row_number() over (partition by o.customer_id order by o.order_date::date) as number
        from shop.orders o
        left join lateral (
            select c.rate from shop.currency_rate c
            where c.currency = o.currency and c.valid_from <= o.order_date::date
            order by c.valid_from desc
            limit 1
        ) r on true
        where o.status <> 'cancelled' and o.order_date < (p_as_of + 1)::timestamptz
        group by o.customer_id, o.order_date::date
    ) p
    group by p.customer_id;
$$;
