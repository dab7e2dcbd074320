create or replace function analytics.pareto_nbd_slope(
    p_params double precision[], p_frequency double precision[], p_recency double precision[], p_age double precision[],
    p_customers double precision[]
) returns double precision[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
-- The log-likelihood of the Pareto/NBD model (Schmittlein, Morrison and Colombo, 1987) and its slopes in ln r, ln alpha, ln s, ln beta.
-- The likelihood is P + s I, where P stands for a customer who is alive and I is the integral, over the time y from the last purchase
-- to now at which he may have left, of (alpha + y)^-(r + x) (beta + y)^-(s + 1). Hypergeometric functions are its closed form
-- (analytics.pareto_nbd_likelihood); the integral by Gauss and Legendre over ln(alpha + y) is as exact, has slopes, and cancels nothing.
-- Parameters as of analytics.bg_nbd_slope(): r, alpha, s, beta.
declare
    r constant double precision := p_params[1];
    alpha constant double precision := p_params[2];
    s constant double precision := p_params[3];
    beta constant double precision := p_params[4];
    v_rows double precision[];
    v_counts double precision[];
begin
    with history as materialized (
        select h.*, ln(alpha + tx) as from_ln, (r + x) * ln(alpha + t) + s * ln(beta + t) as alive_ln,
            (r + x - 1) * ln(alpha + tx) + (s + 1) * ln(beta + tx) as gone_ln,
            -- Past that the integrand is below e^-60 of where it begins.
            least(ln((alpha + t) / (alpha + tx)), 60 / greatest(r + x - 1, 1e-3)) as width
        from unnest(p_customers, p_frequency, p_recency, p_age) with ordinality as h (n, x, tx, t, i)
    ), integral as (
        select i, sum(f) as area, sum(f * ln_y) as ln_y, sum(f / y) as by_y, sum(f * ln_z) as ln_z, sum(f / z) as by_z
        from (
            select i, y, beta - alpha + y as z, ln_y, ln(beta - alpha + y) as ln_z,
                weight * exp(greatest(gone_ln - (r + x - 1) * ln_y - (s + 1) * ln(beta - alpha + y), -300)) as f
            from (
                select i, x, gone_ln, weight, exp(from_ln + node * width) as y, from_ln + node * width as ln_y
                from history cross join analytics.legendre_nodes()
            ) node
        ) shown
        group by i
    ), judged as (
        -- y is alpha + the time, z beta + the time. Both likelihoods relative to where the integrand begins.
        select h.n, h.x, h.t, g.ln_y / g.area as ln_y, g.by_y / g.area as by_y, g.ln_z / g.area as ln_z, g.by_z / g.area as by_z,
            -h.alive_ln as p, case when h.width > 0 then ln(s) + ln(h.width) + ln(g.area) - h.gone_ln else '-1e300' end as q
        from history h join integral g using (i)
    ), weighed as (
        select *, 1 / (1 + exp(greatest(least(q - p, 300), -300))) as alive, 1 / (1 + exp(greatest(least(p - q, 300), -300))) as gone
        from judged
    )
    select array[sum(n * (greatest(p, q) + ln(1 + exp(-least(abs(p - q), 300))))),
        sum(n * (alive * ln(alpha + t) + gone * ln_y)), sum(n * (r + x) * (alive / (alpha + t) + gone * by_y)),
        sum(n * (gone / s - alive * ln(beta + t) - gone * ln_z)), sum(n * (alive * s / (beta + t) + gone * (s + 1) * by_z))]
    into v_rows
    from weighed;
    select array[
        sum(n * (analytics.log_gamma(r + x) - analytics.log_gamma(r) + r * ln(alpha) + s * ln(beta))),
        sum(n * (analytics.digamma(r + x) - analytics.digamma(r) + ln(alpha))), sum(n)]
    into v_counts
    from (select x, sum(n) as n from unnest(p_customers, p_frequency) as h (n, x) group by x) c;
    return array[
        v_rows[1] + v_counts[1], r * (v_counts[2] - v_rows[2]), v_counts[3] * r - alpha * v_rows[3],
        s * (v_counts[3] * ln(beta) + v_rows[4]), v_counts[3] * s - beta * v_rows[5]];
end
$$;
