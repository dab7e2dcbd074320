create or replace function analytics.purchase_history(p_as_of date)
returns table (
    customer_id bigint, frequency integer, recency integer, age integer, orders bigint, last_day date,
    spent numeric, mean_value double precision
)
language sql stable parallel safe as $$
    -- What is known of each customer's purchases at the end of a UTC day: the day is a parameter, never the clock. Orders of one day
    -- are one purchase; those that are cancelled are aside, returned ones count.
    --   frequency   purchases after the first one
    --   recency     days from the first to the last
    --   age         days from the first to p_as_of
    --   spent       in all, in the shop's currency by the day's rate; orders of days without a rate add nothing
    --   mean_value  of the purchases after the first one, likewise; null where there is none, or none that has a rate
    select * from analytics.histories(p_as_of, true);
$$;
