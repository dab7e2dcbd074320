create or replace function analytics.digamma(p_x double precision) returns double precision
language sql immutable parallel safe
begin atomic
    -- ψ(x) = d ln Γ(x) / dx for x > 0, to about 13 digits: six steps of ψ(x) = ψ(x + 1) - 1/x where x < 6, then the asymptotic series
    -- (Abramowitz and Stegun, 6.3.18). NaN for x <= 0.
    select case
        when not p_x > 0 then double precision 'NaN'
        when p_x >= 6 then analytics.digamma_of_large(p_x)
        else analytics.digamma_of_large(p_x + 6)
            - (1 / p_x + 1 / (p_x + 1) + 1 / (p_x + 2) + 1 / (p_x + 3) + 1 / (p_x + 4) + 1 / (p_x + 5))
    end;
end;
