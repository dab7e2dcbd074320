create or replace function analytics.digamma_of_large(p_x double precision) returns double precision
language sql immutable parallel safe
begin atomic
    -- ψ(x) for x >= 6: what analytics.digamma() is made of.
    select ln(p_x) - 0.5 / p_x - z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132
        - z * (691.0 / 32760 - z * (1.0 / 12 - z * (3617.0 / 8160 - z * 43867.0 / 14364))))))))
    from (select 1 / (p_x * p_x) as z offset 0) s;
end;
