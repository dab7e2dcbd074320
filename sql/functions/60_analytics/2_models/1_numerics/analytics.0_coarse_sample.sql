create or replace function analytics.coarse_sample(
    p_frequency double precision[], p_recency double precision[], p_age double precision[], p_customers double precision[],
    out frequency double precision[], out recency double precision[], out age double precision[], out customers double precision[]
)
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
    -- Histories that are much alike put together, each group as its mean: a sample of few rows whose likelihood has its maximum near that
    -- of the whole one. Up to 11 purchases are left as they are; more, and times, in steps of the logarithm.
    with scaled as (
        select h.*, greatest(sum(n * y) over () / sum(n) over (), 1e-300) as mean_y, greatest(sum(n * t) over () / sum(n) over (), 1e-300) as mean_t
        from unnest(p_customers, p_frequency, p_recency, p_age) as h (n, x, y, t)
    ), grouped as (
        select sum(n) as n, sum(n * x) / sum(n) as x, sum(n * y) / sum(n) as y, sum(n * t) / sum(n) as t
        from scaled
        group by case when x < 12 then x else 12 + floor(8 * ln(x / 12)) end, floor(24 * ln(1 + y / mean_y)), floor(24 * ln(1 + t / mean_t))
    )
    select array_agg(x order by x, y, t), array_agg(y order by x, y, t), array_agg(t order by x, y, t), array_agg(n order by x, y, t)
    from grouped;
$$;
