create or replace function analytics.bg_nbd_slope(
    p_params double precision[], p_frequency double precision[], p_recency double precision[], p_age double precision[],
    p_customers double precision[]
) returns double precision[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- The log-likelihood of the BG/NBD model (Fader, Hardie and Lee, 2005) and its slopes in ln r, ln alpha, ln a, ln b.
--   p_params     r, alpha, a, b; alpha in the unit of recency and age
--   p_frequency  repeat purchases; p_recency  time of the last one since the first; p_age  time since the first; p_customers  how many
--                have this history
declare
    r constant double precision := p_params[1];
    alpha constant double precision := p_params[2];
    a constant double precision := p_params[3];
    b constant double precision := p_params[4];
    v_rows double precision[];
    v_counts double precision[];
begin
    -- By history: what depends on times. ln(e^p + e^q) with the greater one taken out; PostgreSQL raises where exp() would
    -- underflow, so what is below e^-300 is left at that.
    select array[sum(n * (greatest(p, q) + ln(1 + exp(-least(abs(p - q), 300))))),
        sum(n * (r + x) * (u * shown_p + v * shown_q)), sum(n * (ln_t * shown_p + ln_tx * shown_q)), sum(case when x > 0 then n * shown_q end),
        sum(case when x > 0 then n * shown_q / (b + x - 1) end)]
    into v_rows
    from (
        select n, x, u, v, ln_t, ln_tx, p, q, 1 / (1 + exp(greatest(least(q - p, 300), -300))) as shown_p,
            1 / (1 + exp(greatest(least(p - q, 300), -300))) as shown_q
        from (
            select n, x, 1 / (alpha + t) as u, 1 / (alpha + tx) as v, ln_t, ln_tx, -(r + x) * ln_t as p,
                case when x > 0 then ln(a) - ln(b + x - 1) - (r + x) * ln_tx else '-1e300' end as q
            from (
                select n, x, t, tx, ln(alpha + t) as ln_t, ln(alpha + tx) as ln_tx
                from unnest(p_customers, p_frequency, p_recency, p_age) as h (n, x, tx, t)
            ) l
        ) m
    ) s;
    -- By number of purchases: what depends on nothing else.
    select array[
        sum(n * (analytics.log_gamma(r + x) - analytics.log_gamma(r) + r * ln(alpha)
            + analytics.log_gamma(a + b) + analytics.log_gamma(b + x) - analytics.log_gamma(b) - analytics.log_gamma(a + b + x))),
        sum(n * (analytics.digamma(r + x) - analytics.digamma(r) + ln(alpha))), sum(n) * r / alpha,
        sum(n * (analytics.digamma(a + b) - analytics.digamma(a + b + x))),
        sum(n * (analytics.digamma(a + b) + analytics.digamma(b + x) - analytics.digamma(b) - analytics.digamma(a + b + x)))]
    into v_counts
    from (select x, sum(n) as n from unnest(p_customers, p_frequency) as h (n, x) group by x) c;
    return array[
        v_rows[1] + v_counts[1], r * (v_counts[2] - v_rows[3]), alpha * (v_counts[3] - v_rows[2]),
        a * (v_counts[4] + v_rows[4] / a), b * (v_counts[5] - v_rows[5])];
end
$$;
