create or replace function analytics.hypergeometric(
    p_a double precision, p_b double precision, p_c double precision, p_z double precision
) returns double precision
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
-- Gauss' hypergeometric function 2F1(a, b; c; z) for a, b > 0, 0 <= z < 1 and c no integer of 0 or less; about 14 digits. Above 0,
-- c by analytics.log_hypergeometric(), which cannot overflow on the way; else one step of Gauss' relation between c, c + 1 and c + 2
-- for each 1 that c lies below 0. NaN for anything else.
begin
    if p_c > 0 then
        return exp(least(analytics.log_hypergeometric(p_a, p_b, p_c, p_z), 709));
    elsif not (p_a > 0 and p_b > 0 and p_z >= 0 and p_z < 1 and p_c > -10 and p_c <> floor(p_c)) then
        return double precision 'NaN';
    end if;
    -- DLMF 15.5.18, solved for the smallest c.
    return ((p_c - (2 * p_c + 1 - p_a - p_b) * p_z) * analytics.hypergeometric(p_a, p_b, p_c + 1, p_z) / p_c
        + (p_c + 1 - p_a) * (p_c + 1 - p_b) * p_z / (p_c * (p_c + 1)) * analytics.hypergeometric(p_a, p_b, p_c + 2, p_z)) / (1 - p_z);
end
$$;
