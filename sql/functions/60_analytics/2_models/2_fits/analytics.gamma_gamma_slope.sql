create or replace function analytics.gamma_gamma_slope(
    p_params double precision[], p_frequency double precision[], p_value double precision[], p_ones double precision[],
    p_customers double precision[]
) returns double precision[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
-- The log-likelihood of the Gamma-Gamma model of a purchase's value (Fader and Hardie, 2013) and its slopes in ln p, ln q, ln v.
--   p_params     p, q, v; v in the currency of the values
--   p_frequency  purchases, p_value  their mean value, both above 0; p_customers  how many have these;
--   p_ones is not read: other models have a third number there
declare
    p constant double precision := p_params[1];
    q constant double precision := p_params[2];
    v constant double precision := p_params[3];
    v_rows double precision[];
    v_counts double precision[];
begin
    select array[sum(n * ((p * x - 1) * ln(z) - (p * x + q) * ln_s)), sum(n * x * (ln(z) - ln_s)), sum(n * ln_s), sum(n * (p * x + q) / (x * z + v))]
    into v_rows
    from (select n, x, z, ln(x * z + v) as ln_s from unnest(p_customers, p_frequency, p_value, p_ones) as h (n, x, z, one)) s;
    select array[
        sum(n * (analytics.log_gamma(p * x + q) - analytics.log_gamma(p * x) - analytics.log_gamma(q) + q * ln(v) + p * x * ln(x))),
        sum(n * x * (analytics.digamma(p * x + q) - analytics.digamma(p * x) + ln(x))),
        sum(n * (analytics.digamma(p * x + q) - analytics.digamma(q) + ln(v))), sum(n)]
    into v_counts
    from (select x, sum(n) as n from unnest(p_customers, p_frequency) as h (n, x) group by x) c;
    return array[
        v_rows[1] + v_counts[1], p * (v_counts[2] + v_rows[2]), q * (v_counts[3] - v_rows[3]), v_counts[4] * q - v * v_rows[4]];
end
$$;
