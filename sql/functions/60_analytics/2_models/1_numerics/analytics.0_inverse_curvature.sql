create or replace function analytics.inverse_curvature(
    p_slope text, p_params double precision[], p_frequency double precision[], p_recency double precision[], p_age double precision[],
    p_customers double precision[]
) returns double precision[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- The inverse, by rows, of the negative Hessian of a log-likelihood in its parameters' logarithms: differences of its slopes, then Gauss
-- and Jordan's elimination. Null where the likelihood does not curve downwards in every direction. Arguments as of analytics.maximise().
declare
    v_size integer := cardinality(p_params);
    v_near double precision[];
    v_above double precision[];
    v_below double precision[];
    v_left double precision[];  -- each row: the matrix' and the identity's
    v_half double precision[][] := array_fill(0::double precision, array[v_size, v_size]);
    v_pivot double precision;
    v_factor double precision;
begin
    for j in 1..v_size loop
        v_near := p_params;
        v_near[j] := p_params[j] * exp(1e-4);
        execute format('select %s($1, $2, $3, $4, $5)', ops.qualified(p_slope)) into v_above using v_near, p_frequency, p_recency, p_age, p_customers;
        v_near[j] := p_params[j] * exp(-1e-4);
        execute format('select %s($1, $2, $3, $4, $5)', ops.qualified(p_slope)) into v_below using v_near, p_frequency, p_recency, p_age, p_customers;
        for i in 1..v_size loop
            v_half[i][j] := (v_below[i + 1] - v_above[i + 1]) / 4e-4;
        end loop;
    end loop;
    v_left := array_fill(0::double precision, array[v_size, 2 * v_size]);
    for i in 1..v_size loop
        for j in 1..v_size loop
            v_left[i][j] := v_half[i][j] + v_half[j][i];
        end loop;
        v_left[i][v_size + i] := 1;
    end loop;
    for k in 1..v_size loop
        v_pivot := v_left[k][k];
        if not (v_pivot > 0 and v_pivot < 'Infinity') then
            return null;
        end if;
        for j in 1..2 * v_size loop
            v_left[k][j] := v_left[k][j] / v_pivot;
        end loop;
        for i in 1..v_size loop
            v_factor := v_left[i][k];
            if i <> k then
                for j in 1..2 * v_size loop
                    v_left[i][j] := v_left[i][j] - v_factor * v_left[k][j];
                end loop;
            end if;
        end loop;
    end loop;
    return (select array_agg(v_left[i][v_size + j] order by i, j) from generate_series(1, v_size) i, generate_series(1, v_size) j);
end
$$;
