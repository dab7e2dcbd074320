create or replace function analytics.bg_nbd_purchases(
    p_params double precision[], p_frequency double precision, p_age double precision, p_horizon double precision
) returns double precision
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- Purchases within p_horizon that the BG/NBD model expects of a customer who has bought p_frequency times after the first, is p_age old,
-- and has not left. Fader, Hardie and Lee (2005), equation 10, for such a customer, is
--     (a + b + x - 1) / (a - 1) * (1 - (1 - z)^(r + x) 2F1(r + x, b + x; a + b + x - 1; z)),  z = h / (alpha + t + h)
-- which loses digits where a is near 1, overflows for large x, and has poles where a + b + x - 1 is 0 or -1. By Euler's transformation
-- (DLMF 15.8.1) and with the first term of the series taken out it is what follows: nothing overflows, a = 1 is no exception, and for
-- large x a few terms do. Where a is large, or r much more than a + b, that series is the one that loses digits, and the first form is
-- taken. p_params: r, alpha, a, b.
declare
    r constant double precision := p_params[1];
    a constant double precision := p_params[3];
    c constant double precision := p_params[3] + p_params[4] + p_frequency - 1;
    z constant double precision := p_horizon / (p_params[2] + p_age + p_horizon);
    v_log constant double precision := -ln((p_params[2] + p_age) / (p_params[2] + p_age + p_horizon));
    v_power constant double precision := (1 - a) * v_log;  -- of 1 - z, to a - 1: exp() of it
    v_first double precision := p_params[3] + p_params[4] - 1 - r;
    v_term double precision;
    v_sum double precision;
    v_ratio double precision;
begin
    if a > 8 or v_first < -8 then
        if abs(a - 1) < 1e-4 then
            -- 0 / 0 there: the mean of both sides.
            return (analytics.bg_nbd_purchases(array[r, p_params[2], a - 2e-4, p_params[4]], p_frequency, p_age, p_horizon)
                + analytics.bg_nbd_purchases(array[r, p_params[2], a + 2e-4, p_params[4]], p_frequency, p_age, p_horizon)) / 2;
        elsif abs(c) < 1e-7 then
            return analytics.bg_nbd_purchases(array[r, p_params[2], a, p_params[4] + 2e-7], p_frequency, p_age, p_horizon);
        end if;
        return c / (a - 1) * (1 - case
            when c > 0 then exp(greatest(analytics.log_hypergeometric(r + p_frequency, p_params[4] + p_frequency, c, z) - (r + p_frequency) * v_log, -300))
            else exp(greatest(-(r + p_frequency) * v_log, -300)) * analytics.hypergeometric(r + p_frequency, p_params[4] + p_frequency, c, z) end);
    end if;
    v_term := v_first * z;
    v_sum := v_term;
    for k in 1..99999 loop
        v_ratio := (v_first + k) * (a + k - 1) / ((c + k) * (k + 1)) * z;
        v_term := v_term * v_ratio;
        v_sum := v_sum + v_term;
        exit when v_ratio < 1 and abs(v_term) <= abs(v_sum) * 1e-17 * (1 - v_ratio);
    end loop;
    -- (1 - (1 - z)^(a - 1)) / (a - 1), by its series where that is 0 / 0.
    return c * case when abs(v_power) < 1e-3 then v_log * (1 + v_power * (1.0 / 2 + v_power * (1.0 / 6 + v_power * (1.0 / 24 + v_power / 120))))
        else (exp(v_power) - 1) / (1 - a) end - exp(v_power) * v_sum;
end
$$;
