create or replace function analytics.scaled_identity(p_size integer, p_scale double precision) returns double precision[]
language sql immutable parallel safe
begin atomic
    -- The identity matrix of p_size rows times p_scale, by rows.
    select array_agg(case when i = j then p_scale else 0 end order by i, j) from generate_series(1, p_size) i, generate_series(1, p_size) j;
end;
