create or replace function analytics.bg_nbd_slope(
    p_params double precision[], p_frequency double precision[], p_recency double precision[], p_age double precision[],
    p_customers double precision[]
) returns double precision[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
-- The log-likelihood of the BG/NBD model (Fader, Hardie and Lee, 2005) and its slopes in ln r, ln alpha, ln a, ln b.
--   p_params     r, alpha, a, b; alpha in the unit of recency and age
--   p_frequency  repeat purchases; p_recency  time of the last one since the first; p_age  time since the first; p_customers  how many
--                have this history
declare
    r constant double precision := p_params[1];
    alpha constant double precision := p_params[2];
    a constant double precision := p_params[3];
    b constant double precision := p_params[4];
    -- All that is the same for every customer.
    all_gamma constant double precision := analytics.log_gamma(a + b) - analytics.log_gamma(b) - analytics.log_gamma(r) + r * ln(alpha);
    all_r constant double precision := ln(alpha) - analytics.digamma(r);
    all_a constant double precision := analytics.digamma(a + b);
    all_b constant double precision := analytics.digamma(b);
    v_sums double precision[];
begin
    -- ln(e^p + e^q) with the greater one taken out; PostgreSQL raises where exp() would underflow, so the exponent is held at 300. Each
    -- OFFSET 0 keeps the planner from writing an expression into all its uses. What depends on purchases alone is computed once an x.
    select array[
        sum(row_sum + n * (all_gamma + analytics.log_gamma(r + x) + analytics.log_gamma(b + x) - analytics.log_gamma(a + b + x))),
        r * sum(n * (all_r + analytics.digamma(r + x)) - ln_time), sum(n * r - alpha * (r + x) * by_time),
        sum(a * n * (all_a - analytics.digamma(a + b + x)) + gone),
        b * sum(n * (all_a - all_b + analytics.digamma(b + x) - analytics.digamma(a + b + x)) - case when x > 0 then gone / (b + x - 1) else 0 end)]
    into v_sums
    from (
        select x, sum(n) as n, sum(n * (greatest(p, q) - ln(greatest(alive, gone)))) as row_sum, sum(n * (alive * ln_t + gone * ln_tx)) as ln_time,
            sum(n * (alive / (alpha + t) + gone / (alpha + tx))) as by_time, sum(n * gone) as gone
        from (
            select *, 1 - gone as alive
            from (
                select *, 1 / (1 + exp(greatest(least(p - q, 300), -300))) as gone
                from (
                    select *, -(r + x) * ln_t as p, case when x > 0 then ln(a) - ln(b + x - 1) - (r + x) * ln_tx else '-1e300' end as q
                    from (
                        select n, x, t, tx, ln(alpha + t) as ln_t, ln(alpha + tx) as ln_tx
                        from unnest(p_customers, p_frequency, p_recency, p_age) as h (n, x, tx, t)
                        offset 0
                    ) l
                    offset 0
                ) m
                offset 0
            ) g
            offset 0
        ) s
        group by x
        offset 0
    ) c;
    return v_sums;
end
$$;
