create or replace function analytics.pareto_nbd_scores(
    p_params double precision[], p_frequency double precision[], p_recency double precision[], p_age double precision[],
    p_horizon double precision, p_days double precision
) returns table (i bigint, alive double precision, buys double precision, purchases double precision, rate_shape double precision, rate_scale double precision)
language sql immutable parallel safe set search_path = pg_catalog, pg_temp set enable_mergejoin = off set work_mem = '256MB' as $$
    -- What the Pareto/NBD model says of each history, by its ordinal; columns as of analytics.bg_nbd_scores().
    --   p_params    r, alpha, s, beta
    -- Sources: Fader and Hardie, "A note on deriving the Pareto/NBD model" (2005), equations 36 and 41. The integrals over the time of
    -- leaving by Gauss and Legendre, as in analytics.pareto_nbd_slope(). The wait for the next purchase is the one of a customer who
    -- does not leave before it.
    with params as (
        select p_params[1] as r, p_params[2] as alpha, p_params[3] as s, p_params[4] as beta, least(p_params[2], p_params[4]) as m
    ), history as materialized (
        select *, least(ln((m + t) / (m + tx)),
                ln((m + (alpha + tx) * exp(least(45 / greatest(r + x - 1, 1e-3), 300)) - alpha) / (m + tx))) as width,
            (r + x) * ln(alpha + t) + s * ln(beta + t) as alive_ln, (r + x) * ln(alpha + tx) + (s + 1) * ln(beta + tx) - first as gone_ln
        from (
            select h.i, h.x, h.tx, h.t, p.*, ln(m + h.tx) as first
            from params p, unnest(p_frequency, p_recency, p_age) with ordinality as h (x, tx, t, i)
            offset 0
        ) h
        offset 0
    ), presence as (
        select h.i, h.x, h.t, 1 / (1 + case when h.width > 0
            then exp(least(greatest(h.alive_ln - h.gone_ln + ln(h.s) + ln(h.width) + ln(g.area), -300), 300)) else 0 end) as alive
        from history h
        cross join lateral (
            select sum(weight * exp(greatest(h.gone_ln + at - (h.r + h.x) * ln(h.alpha - h.m + e) - (h.s + 1) * ln(h.beta - h.m + e), -300))) as area
            from (
                select weight, h.first + node * h.width as at, exp(h.first + node * h.width) as e
                from analytics.legendre_nodes()
                offset 0
            ) v
        ) g
    ), wave as (
        select d.x, d.t,
            case when abs(s - 1) < 1e-6 then (r + d.x) * (beta + d.t) / (alpha + d.t) * ln((beta + d.t + p_horizon) / (beta + d.t))
                else (r + d.x) * (beta + d.t) / ((alpha + d.t) * (s - 1))
                    * (1 - exp((s - 1) * ln((beta + d.t) / (beta + d.t + p_horizon)))) end as purchases,
            -- No purchase: he stays and buys nothing, or leaves at u and has bought nothing until then.
            1 - exp(greatest((r + d.x) * ln((alpha + d.t) / (alpha + d.t + p_days)) + s * ln((beta + d.t) / (beta + d.t + p_days)), -300))
                - g.area as buys
        from params
        cross join (select distinct x, t from history) d
        cross join lateral (
            select sum(weight * p_days * s / (beta + d.t + node * p_days) * exp(greatest(
                s * ln((beta + d.t) / (beta + d.t + node * p_days)) + (r + d.x) * ln((alpha + d.t) / (alpha + d.t + node * p_days)), -300))) as area
            from analytics.legendre_nodes()
        ) g
        offset 0
    )
    select p.i, p.alive, p.alive * w.buys, p.alive * w.purchases, p_params[1] + p.x, p_params[2] + p.t
    from presence p
    join wave w using (x, t);
$$;
