create or replace function analytics.pareto_nbd_scores(
    p_params double precision[], p_frequency double precision[], p_recency double precision[], p_age double precision[],
    p_horizon double precision, p_days double precision
) returns table (i bigint, alive double precision, buys double precision, purchases double precision, rate_shape double precision, rate_scale double precision)
language sql immutable parallel safe set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
    -- What the Pareto/NBD model says of each history, by its ordinal; columns as of analytics.bg_nbd_scores().
    --   p_params    r, alpha, s, beta
    -- Sources: Fader and Hardie, "A note on deriving the Pareto/NBD model" (2005), equations 36 and 41. The integrals over the time of
    -- leaving by Gauss and Legendre, as in analytics.pareto_nbd_slope(). The wait for the next purchase is the one of a customer who
    -- does not leave before it.
    with params as (
        select p_params[1] as r, p_params[2] as alpha, p_params[3] as s, p_params[4] as beta
    ), history as (
        select h.i, h.x, h.t, r + x as shape, alpha + t as scale, alpha + tx as start,
            least(ln((alpha + t) / (alpha + tx)), 60 / greatest(r + x - 1, 1e-3)) as width,
            (r + x - 1) * ln(alpha + tx) + (s + 1) * ln(beta + tx) as gone_ln, (r + x) * ln(alpha + t) + s * ln(beta + t) as alive_ln
        from params, unnest(p_frequency, p_recency, p_age) with ordinality as h (x, tx, t, i)
    ), presence as (
        select h.i, 1 / (1 + case when h.width > 0 then exp(least(greatest(
            h.alive_ln - h.gone_ln + ln(s) + ln(h.width) + ln(sum(weight * exp(greatest(
                h.gone_ln - (r + h.x - 1) * (ln(h.start) + node * h.width)
                    - (s + 1) * ln(beta - alpha + exp(ln(h.start) + node * h.width)), -300)))), -300), 300)) else 0 end) as alive
        from params, history h cross join analytics.legendre_nodes()
        group by h.i, h.width, h.alive_ln, h.gone_ln, r, s, alpha, beta
    ), wave as (
        select d.x, d.t,
            case when abs(s - 1) < 1e-6 then (r + d.x) * (beta + d.t) / (alpha + d.t) * ln((beta + d.t + p_horizon) / (beta + d.t))
                else (r + d.x) * (beta + d.t) / ((alpha + d.t) * (s - 1))
                    * (1 - exp((s - 1) * ln((beta + d.t) / (beta + d.t + p_horizon)))) end as purchases,
            -- No purchase: he stays and buys nothing, or leaves at u and has bought nothing until then.
            1 - exp(greatest((r + d.x) * ln((alpha + d.t) / (alpha + d.t + p_days)) + s * ln((beta + d.t) / (beta + d.t + p_days)), -300))
                - sum(weight * p_days * s / (beta + d.t + node * p_days) * exp(greatest(
                    s * ln((beta + d.t) / (beta + d.t + node * p_days)) + (r + d.x) * ln((alpha + d.t) / (alpha + d.t + node * p_days)), -300))) as buys
        from params, (select distinct x, t from history) d cross join analytics.legendre_nodes()
        group by d.x, d.t, r, alpha, s, beta
    )
    select h.i, p.alive, p.alive * w.buys, p.alive * w.purchases, h.shape, h.scale
    from history h
    join presence p using (i)
    join wave w using (x, t);
$$;
