create or replace function analytics.bg_nbd_scores(
    p_params double precision[], p_frequency double precision[], p_recency double precision[], p_age double precision[],
    p_horizon double precision, p_days double precision
) returns table (i bigint, alive double precision, buys double precision, purchases double precision, rate_shape double precision, rate_scale double precision)
language sql immutable parallel safe set search_path = pg_catalog, pg_temp set enable_nestloop = off set enable_mergejoin = off set work_mem = '256MB' as $$
    -- What the BG/NBD model says of each history, by its ordinal.
    --   p_params    r, alpha, a, b
    --   alive       probability that the customer has not left
    --   buys        probability of a purchase within p_days
    --   purchases   expected within p_horizon
    --   rate_shape, rate_scale   of the Gamma distribution of the customer's rate of purchases, given the history
    -- Sources: Fader, Hardie and Lee (2005), equation 10; Fader and Hardie, notes 21. While a customer is alive the wait for the next
    -- purchase is Pareto distributed with this shape and scale, and nobody leaves but after a purchase.
    with params as (
        select p_params[1] as r, p_params[2] as alpha, p_params[3] as a, p_params[4] as b
    ), history as materialized (
        select h.i, h.x, h.tx, h.t, r + x as shape, alpha + t as scale,
            case when x = 0 then 1 else 1 / (1 + exp(least(ln(a) - ln(b + x - 1) + (r + x) * ln((alpha + t) / (alpha + tx)), 300))) end as alive
        from params, unnest(p_frequency, p_recency, p_age) with ordinality as h (x, tx, t, i)
    ), wave as (
        -- By purchases and age: all that what a customer who is there will do depends on.
        select x, t, analytics.bg_nbd_purchases(p_params, x, t, p_horizon) as purchases,
            1 - exp(greatest((p_params[1] + x) * ln((p_params[2] + t) / (p_params[2] + t + p_days)), -300)) as buys
        from (select distinct x, t from history) d
        offset 0
    )
    select h.i, h.alive, h.alive * w.buys, h.alive * w.purchases, h.shape, h.scale
    from history h
    join wave w using (x, t);
$$;
