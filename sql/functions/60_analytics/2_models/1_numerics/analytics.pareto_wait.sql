create or replace function analytics.pareto_wait(p_shape double precision, p_scale double precision, p_share double precision) returns integer
language sql immutable parallel safe
begin atomic
    -- Days, rounded up, within which a share of waits end that are Pareto distributed (Lomax): those of purchases at a rate that is
    -- Gamma distributed. At least 1, at most 100,000.
    select ceil(least(greatest(p_scale * (exp(least(-ln(1 - p_share) / p_shape, 100)) - 1), 1), 100000))::integer;
end;
