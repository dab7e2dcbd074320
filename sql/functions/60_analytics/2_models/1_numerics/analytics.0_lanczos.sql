create or replace function analytics.lanczos(p_x double precision) returns double precision
language sql immutable parallel safe
begin atomic
    -- ln Γ(x) for x >= 1/2: what analytics.log_gamma() is made of.
    select 0.91893853320467274178 + (p_x - 0.5) * ln(p_x + 6.5) - (p_x + 6.5) + ln(
        0.99999999999980993227684700473478 + 676.520368121885098567009190444019 / p_x
        - 1259.13921672240287047156078755283 / (p_x + 1) + 771.3234287776530788486528258894 / (p_x + 2)
        - 176.61502916214059906584551354 / (p_x + 3) + 12.507343278686904814458936853 / (p_x + 4)
        - 0.13857109526572011689554707 / (p_x + 5) + 9.984369578019570859563e-6 / (p_x + 6)
        + 1.50563273514931155834e-7 / (p_x + 7));
end;
