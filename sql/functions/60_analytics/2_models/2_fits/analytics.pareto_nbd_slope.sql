create or replace function analytics.pareto_nbd_slope(
    p_params double precision[], p_frequency double precision[], p_recency double precision[], p_age double precision[],
    p_customers double precision[]
) returns double precision[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
-- The log-likelihood of the Pareto/NBD model (Schmittlein, Morrison and Colombo, 1987) and its slopes in ln r, ln alpha, ln s, ln beta.
-- The likelihood is P + s I, where P stands for a customer who is alive and I is the integral, over the time y from the last purchase
-- to now at which he may have left, of (alpha + y)^-(r + x) (beta + y)^-(s + 1). Hypergeometric functions are its closed form, which
-- cancels; the integral by Gauss and Legendre over ln(m + y), m the lesser of alpha and beta, has slopes and cancels nothing, and no
-- pole comes near. It ends where the integrand has fallen by e^45: in all some 8 digits at worst, 12 for most.
-- Parameters as of analytics.bg_nbd_slope(): r, alpha, s, beta.
declare
    r constant double precision := p_params[1];
    alpha constant double precision := p_params[2];
    s constant double precision := p_params[3];
    beta constant double precision := p_params[4];
    m constant double precision := least(alpha, beta);
    -- All that is the same for every customer.
    all_gamma constant double precision := s * ln(beta) + r * ln(alpha) - analytics.log_gamma(r);
    all_r constant double precision := ln(alpha) - analytics.digamma(r);
    all_s constant double precision := ln(beta);
    v_sums double precision[];
begin
    -- Each OFFSET 0 keeps the planner from writing an expression into all its uses. y is alpha + the time, z beta + the time; both
    -- likelihoods are relative to where the integrand begins.
    with history as materialized (
        select *, least(ln((m + t) / (m + tx)),
                ln((m + (alpha + tx) * exp(least(45 / greatest(r + x - 1, 1e-3), 300)) - alpha) / (m + tx))) as width,
            (r + x) * ln_y + s * ln_z as alive_ln, (r + x) * first_y + (s + 1) * first_z - first as gone_ln
        from (
            select n, x, t, ln(m + tx) as first, ln(alpha + tx) as first_y, ln(beta + tx) as first_z, ln(alpha + t) as ln_y, ln(beta + t) as ln_z, tx
            from unnest(p_customers, p_frequency, p_recency, p_age) as h (n, x, tx, t)
            offset 0
        ) h
        offset 0
    ), judged as (
        select h.*, -h.alive_ln as p, case when h.width > 0 then ln(s) + ln(h.width) + ln(g.area) - h.gone_ln else '-1e300' end as q,
            g.ln_y / g.area as gone_y, g.by_y / g.area as by_y, g.ln_z / g.area as gone_z, g.by_z / g.area as by_z
        from history h
        cross join lateral (
            select sum(f) as area, sum(f * ln_y) as ln_y, sum(f / y) as by_y, sum(f * ln_z) as ln_z, sum(f / z) as by_z
            from (
                select *, weight * exp(greatest(h.gone_ln + at - (r + h.x) * ln_y - (s + 1) * ln_z, -300)) as f
                from (
                    select weight, at, alpha - m + e as y, beta - m + e as z, case when alpha = m then at else ln(alpha - m + e) end as ln_y,
                        case when beta = m then at else ln(beta - m + e) end as ln_z
                    from (
                        select weight, h.first + node * h.width as at, exp(h.first + node * h.width) as e
                        from analytics.legendre_nodes()
                        offset 0
                    ) v
                    offset 0
                ) w
                offset 0
            ) shown
        ) g
        offset 0
    ), weighed as (
        select *, 1 - gone as alive
        from (select *, 1 / (1 + exp(greatest(least(p - q, 300), -300))) as gone from judged offset 0) j
        offset 0
    ), counted as (
        select x, sum(n) as n, sum(n * (greatest(p, q) - ln(greatest(alive, gone)))) as row_sum, sum(n * (alive * ln_y + gone * gone_y)) as ln_y,
            sum(n * (alive / (alpha + t) + gone * by_y)) as by_y, sum(n * (gone / s - alive * ln_z - gone * gone_z)) as by_s,
            sum(n * (alive * s / (beta + t) + gone * (s + 1) * by_z)) as by_z
        from weighed
        group by x
    )
    select array[
        sum(row_sum + n * (all_gamma + analytics.log_gamma(r + x))), r * sum(n * (all_r + analytics.digamma(r + x)) - ln_y),
        sum(n * r - alpha * (r + x) * by_y), s * sum(n * all_s + by_s), sum(n * s - beta * by_z)]
    into v_sums
    from counted;
    return v_sums;
end
$$;
