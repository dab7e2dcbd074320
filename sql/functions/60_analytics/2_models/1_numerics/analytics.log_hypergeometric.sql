create or replace function analytics.log_hypergeometric(
    p_a double precision, p_b double precision, p_c double precision, p_z double precision
) returns double precision
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
-- ln of Gauss' hypergeometric function 2F1(a, b; c; z) for a, b, c > 0 and 0 <= z < 1: the series, whose terms are all positive, so
-- nothing cancels; scaled on the way, so nothing overflows. About 14 digits; terms needed: some 35 / (1 - z) more than it takes
-- them to fall. NaN for anything else, and where a million terms do not do.
declare
    v_term double precision := 1;
    v_sum double precision := 1;
    v_scale double precision := 0;
    v_ratio double precision;
begin
    if not (p_a > 0 and p_b > 0 and p_c > 0 and p_z >= 0 and p_z < 1) then
        return double precision 'NaN';
    end if;
    for k in 0..999999 loop
        v_ratio := (p_a + k) * (p_b + k) / ((p_c + k) * (k + 1)) * p_z;
        v_term := v_term * v_ratio;
        v_sum := v_sum + v_term;
        if v_ratio < 1 and v_term < v_sum * 1e-17 * (1 - v_ratio) then
            return ln(v_sum) + v_scale;
        end if;
        if v_sum > 1e200 then
            v_scale := v_scale + ln(v_sum);
            v_term := v_term / v_sum;
            v_sum := 1;
        end if;
    end loop;
    return double precision 'NaN';
end
$$;
