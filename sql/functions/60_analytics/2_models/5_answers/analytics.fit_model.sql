create or replace function analytics.fit_model(p_model text, p_as_of date) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_nestloop = off
set enable_mergejoin = off set work_mem = '256MB' as $$
-- Fits a model on what was known of all customers at the end of a UTC day, keeps it in analytics.model, and gives its number. One that
-- does not converge is kept, too, and says why; it is not used.
--   p_model   bg_nbd, pareto_nbd, gamma_gamma, mean_interval
-- Reads:  shop.orders, shop.currency_rate
-- Writes: analytics.model
-- Errors: EM400 no such model, EM402 the day is none
declare
    v_frequency double precision[];
    v_recency double precision[];
    v_age double precision[];
    v_customers double precision[];
    v_sample bigint;
    v_purchases bigint;
    v_fit record;
    v_names text[] := case p_model
        when 'bg_nbd' then array['r', 'alpha', 'a', 'b'] when 'pareto_nbd' then array['r', 'alpha', 's', 'beta']
        when 'gamma_gamma' then array['p', 'q', 'v'] when 'mean_interval' then array[]::text[] end;
    v_mean double precision;
    v_id bigint;
begin
    if v_names is null then
        raise exception using errcode = 'EM400', message = format('there is no model %s', p_model),
            hint = 'models: bg_nbd, pareto_nbd, gamma_gamma, mean_interval';
    end if;
    if (p_as_of between '0001-01-01' and '9999-12-31') is not true then
        raise exception using errcode = 'EM402', message = format('a day is one of the years 1 to 9999; found %s', coalesce(p_as_of::text, 'null'));
    end if;
    if p_model = 'mean_interval' then
        return analytics.fit_mean_interval(p_as_of);
    end if;
    -- Equal histories are computed once. Sorted, so that equal data give equal sums.
    select array_agg(x order by x, y, t), array_agg(y order by x, y, t), array_agg(t order by x, y, t), array_agg(n order by x, y, t),
        sum(n), sum(n * x)
    into v_frequency, v_recency, v_age, v_customers, v_sample, v_purchases
    from (
        select x, y, t, count(*)::double precision as n
        from (
            select h.frequency::double precision as x,
                case when p_model = 'gamma_gamma' then h.mean_value else h.recency end as y,
                case when p_model = 'gamma_gamma' then 1 else h.age::double precision end as t
            from analytics.histories(p_as_of, p_model = 'gamma_gamma') h
            where p_model <> 'gamma_gamma' or h.frequency > 0 and h.mean_value > 0
        ) h
        group by x, y, t
    ) g;
    if coalesce(v_purchases, 0) = 0 then
        insert into analytics.model (model, as_of, params, customers, histories, purchases, converged, reason)
        values (p_model, p_as_of, '{}', coalesce(v_sample, 0), coalesce(cardinality(v_frequency), 0), 0, false,
            case when p_model = 'gamma_gamma' then 'nobody has bought again for a value' else 'nobody has bought again' end)
        returning model_id into v_id;
        return v_id;
    end if;
    -- The start is at the data's own scale: a mean age, a mean value.
    v_mean := case when p_model = 'gamma_gamma'
        then (select sum(n * x * z) / sum(n * x) from unnest(v_customers, v_frequency, v_recency) as h (n, x, z))
        else greatest((select sum(n * t) / sum(n) from unnest(v_customers, v_age) as h (n, t)), 1) end;
    v_fit := analytics.maximise(
        format('analytics.%s_slope', p_model),
        case p_model when 'gamma_gamma' then array[1, 3, 2 * v_mean] when 'bg_nbd' then array[1, v_mean, 1, 3] else array[1, v_mean, 1, v_mean] end,
        v_frequency, v_recency, v_age, v_customers);
    insert into analytics.model (model, as_of, params, log_likelihood, customers, histories, purchases, evaluations, converged, reason)
    values (p_model, p_as_of, (select jsonb_object_agg(name, value) from unnest(v_names, v_fit.params) as p (name, value)),
        v_fit.log_likelihood, v_sample, cardinality(v_frequency), v_purchases, v_fit.evaluations, v_fit.converged, v_fit.reason)
    returning model_id into v_id;
    return v_id;
end
$$;
