create or replace function analytics.maximise(
    p_slope text, p_start double precision[], p_frequency double precision[], p_recency double precision[], p_age double precision[],
    p_customers double precision[],
    out params double precision[], out log_likelihood double precision, out evaluations integer, out converged boolean, out reason text
)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- The positive parameters that make a likelihood greatest: BFGS in the parameters' logarithms, with steps halved until they climb
-- enough (Armijo). The same data give the same result: nothing is random. Of many histories, first those of a coarse sample, whose
-- maximum and curvature there are where the whole begins: a few evaluations are left for it.
--   p_slope      schema.name of a function (params, frequency, recency, age, customers), all double precision[], which gives the
--                log-likelihood and its slopes in the parameters' logarithms
--   p_start      where to begin, all positive, at the data's own scale
--   evaluations  of the likelihood of the whole
--   converged    false: reason says why, params are the best that were found
declare
    v_size integer := cardinality(p_start);
    v_total double precision := (select sum(c) from unnest(p_customers) c);
    v_at double precision[];
    v_next double precision[];
    v_here double precision[];
    v_there double precision[];
    v_inverse double precision[];  -- of the Hessian, by rows
    v_step double precision[];
    v_length double precision;
    v_climb double precision;
    v_moved double precision[];
    v_bent double precision[];
    v_hy double precision[];
    v_sy double precision;
    v_yhy double precision;
    v_far constant double precision := ln(1e6);  -- a parameter so far from the data's own scale tells nothing
    v_tries integer;
    v_short integer := 0;
    v_start double precision[] := p_start;
    v_coarse record;
    v_fit record;
begin
    if cardinality(p_frequency) > 8000 then
        select * into v_coarse from analytics.coarse_sample(p_frequency, p_recency, p_age, p_customers);
        if cardinality(v_coarse.frequency) < cardinality(p_frequency) / 2 then
            v_fit := analytics.maximise(p_slope, p_start, v_coarse.frequency, v_coarse.recency, v_coarse.age, v_coarse.customers);
            if v_fit.converged then
                v_start := v_fit.params;
                v_inverse := analytics.inverse_curvature(p_slope, v_start, v_coarse.frequency, v_coarse.recency, v_coarse.age, v_coarse.customers);
            end if;
        end if;
    end if;
    v_at := array(select ln(p) from unnest(v_start) with ordinality as s (p, i) order by i);
    execute format('select %s($1, $2, $3, $4, $5)', ops.qualified(p_slope))
        into v_here using v_start, p_frequency, p_recency, p_age, p_customers;
    evaluations := 1;
    v_inverse := coalesce(v_inverse, analytics.scaled_identity(v_size, 1 / v_total));
    converged := false;
    for round in 1..200 loop
        -- The slope in a customer's log-likelihood for a parameter that grows by one in a million.
        if (select max(abs(g)) from unnest(v_here[2:]) g) < 1e-7 * v_total then
            converged := true;
            exit;
        end if;
        v_step := array(
            select sum(v_inverse[(i - 1) * v_size + j] * v_here[j + 1]) from generate_series(1, v_size) i, generate_series(1, v_size) j
            group by i order by i);
        v_climb := (select sum(v_step[i] * v_here[i + 1]) from generate_series(1, v_size) i);
        if not v_climb > 0 then
            v_inverse := analytics.scaled_identity(v_size, 1 / v_total);
            v_step := array(select v_here[i + 1] / v_total from generate_series(1, v_size) i order by i);
            v_climb := (select sum(v_step[i] * v_here[i + 1]) from generate_series(1, v_size) i);
        end if;
        -- What the best step could still give is below what sums of doubles can tell.
        if v_climb < 1e-11 * abs(v_here[1]) and (select max(abs(g)) from unnest(v_here[2:]) g) < 1e-4 * v_total then
            converged := true;
            exit;
        end if;
        -- No parameter grows or shrinks by more than e^2 in a step.
        v_length := least(1, 2 / greatest((select max(abs(s)) from unnest(v_step) s), 1e-300));
        v_tries := 0;
        loop
            v_next := array(select v_at[i] + v_length * v_step[i] from generate_series(1, v_size) i order by i);
            evaluations := evaluations + 1;
            if (select max(abs(p)) from unnest(v_next) p) < 300 then
                execute format('select %s($1, $2, $3, $4, $5)', ops.qualified(p_slope))
                    into v_there
                    using array(select exp(p) from unnest(v_next) with ordinality as s (p, i) order by i), p_frequency, p_recency, p_age, p_customers;
                exit when v_there[1] >= v_here[1] + 1e-4 * v_length * v_climb and v_there[1] < 'Infinity';
            end if;
            v_length := v_length / 3;
            v_tries := v_tries + 1;
            exit when v_tries > 24;
        end loop;
        -- Now and then the curvature is taken for what it is not; time and again it is rounding that hides where to climb.
        v_short := case when v_tries > 6 then v_short + 1 else 0 end;
        if v_tries > 24 or v_short > 4 then
            converged := (select max(abs(g)) from unnest(v_here[2:]) g) < 1e-4 * v_total;
            if not converged then reason := 'no step climbs any more'; end if;
            exit;
        end if;
        v_moved := array(select v_next[i] - v_at[i] from generate_series(1, v_size) i order by i);
        v_bent := array(select v_here[i + 1] - v_there[i + 1] from generate_series(1, v_size) i order by i);
        v_sy := (select sum(v_moved[i] * v_bent[i]) from generate_series(1, v_size) i);
        if v_short > 0 then
            v_inverse := analytics.scaled_identity(v_size, 1 / v_total);
        elsif v_sy > 1e-12 * v_total * (select sum(m * m) from unnest(v_moved) m) then
            v_hy := array(
                select sum(v_inverse[(i - 1) * v_size + j] * v_bent[j]) from generate_series(1, v_size) i, generate_series(1, v_size) j
                group by i order by i);
            v_yhy := (select sum(v_bent[i] * v_hy[i]) from generate_series(1, v_size) i);
            v_inverse := array(
                select v_inverse[(i - 1) * v_size + j] + (1 + v_yhy / v_sy) * v_moved[i] * v_moved[j] / v_sy
                    - (v_hy[i] * v_moved[j] + v_moved[i] * v_hy[j]) / v_sy
                from generate_series(1, v_size) i, generate_series(1, v_size) j
                order by i, j);
        end if;
        v_at := v_next;
        v_here := v_there;
        exit when (select max(abs(p - ln(s))) from unnest(v_at, p_start) as a (p, s)) > v_far;
    end loop;
    params := array(select exp(p) from unnest(v_at) with ordinality as s (p, i) order by i);
    log_likelihood := v_here[1];
    if not converged and reason is null then reason := 'not after 200 rounds'; end if;
    if (select max(abs(p - ln(s))) from unnest(v_at, p_start) as a (p, s)) > v_far then
        converged := false;
        reason := 'a parameter runs away: the data do not tell it';
    end if;
end
$$;
