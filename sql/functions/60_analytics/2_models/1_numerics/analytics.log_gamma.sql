create or replace function analytics.log_gamma(p_x double precision) returns double precision
language sql immutable parallel safe
begin atomic
    -- ln Γ(x) for x > 0, to about 14 digits, or 1e-14 where it is near 0: Lanczos' approximation, g = 7, nine terms (Godfrey's
    -- coefficients). NaN for x <= 0, where it is not needed. Below 1/2 by Γ(x) = Γ(x + 1) / x, which keeps it accurate at both ends.
    select case
        when not p_x > 0 then double precision 'NaN'
        when p_x < 0.5 then analytics.lanczos(p_x + 1) - ln(p_x)
        else analytics.lanczos(p_x)
    end;
end;
