create or replace function analytics.model_scores(p_model bigint, p_horizon integer, p_days integer)
returns table (
    customer_id bigint, frequency integer, last_day date, predicted_day date, p10_day date, p50_day date, p90_day date,
    alive double precision, buys double precision, purchases double precision, mean_value double precision
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_nestloop = off
set enable_mergejoin = off set work_mem = '256MB' as $$
-- What a kept model says of each customer as of its day. Nothing for one that did not converge.
--   p_horizon     days that purchases are expected in
--   p_days        days that buys looks ahead
--   predicted_day the last purchase and the usual wait after it (the median, given the history): in the past for who is overdue
--   p10_day, p50_day, p90_day   of the next purchase, given that there was none until the model's day and the customer is alive
--   alive         null for mean_interval, which knows nothing of it
-- Errors: EM401 no such model
declare
    v_model analytics.model;
    v_params double precision[];
begin
    select * into v_model from analytics.model m where m.model_id = p_model and m.model <> 'gamma_gamma';
    if not found then
        raise exception using errcode = 'EM401', message = format('model %s is not there, or says nothing of when', p_model),
            hint = 'select model_id, model, as_of from analytics.model; analytics.fit_model() makes one';
    end if;
    if not v_model.converged then
        return;
    end if;
    if v_model.model = 'mean_interval' then
        return query
            select h.customer_id, h.frequency, h.last_day, h.last_day + least(g.wait, 1e5)::integer,
                h.last_day + least(g.wait * (v_model.params ->> 'p10')::double precision, 1e5)::integer,
                h.last_day + least(g.wait * (v_model.params ->> 'p50')::double precision, 1e5)::integer,
                h.last_day + least(g.wait * (v_model.params ->> 'p90')::double precision, 1e5)::integer,
                null::double precision, 1 - exp(-p_days / g.wait), p_horizon / g.wait, h.mean_value
            from analytics.purchase_history(v_model.as_of) h,
                lateral (select greatest(case when h.frequency > 0 then h.recency::double precision / h.frequency
                    else (v_model.params ->> 'mean')::double precision end, 1) as wait) g;
        return;
    end if;
    v_params := case v_model.model
        when 'bg_nbd' then array[v_model.params ->> 'r', v_model.params ->> 'alpha', v_model.params ->> 'a', v_model.params ->> 'b']
        else array[v_model.params ->> 'r', v_model.params ->> 'alpha', v_model.params ->> 's', v_model.params ->> 'beta'] end::double precision[];
    return query
        with known as materialized (
            select k.customer_id, k.frequency, k.recency, k.age, k.last_day, k.mean_value from analytics.purchase_history(v_model.as_of) k
        ), gathered as materialized (
            select array_agg(h.x) as x, array_agg(h.tx) as tx, array_agg(h.t) as t
            from (
                select k.frequency::double precision as x, k.recency::double precision as tx, k.age::double precision as t
                from known k
                group by k.frequency, k.recency, k.age
            ) h
        ), score as (
            select s.* from gathered g, analytics.bg_nbd_scores(v_params, g.x, g.tx, g.t, p_horizon, p_days) s where v_model.model = 'bg_nbd'
            union all
            select s.* from gathered g, analytics.pareto_nbd_scores(v_params, g.x, g.tx, g.t, p_horizon, p_days) s where v_model.model = 'pareto_nbd'
        ), answer as materialized (
            -- What is the same for equal histories; days from the last purchase, and from now.
            select h.x::integer as x, h.tx::integer as tx, h.t::integer as t, s.alive, s.buys, s.purchases,
                analytics.pareto_wait(s.rate_shape, s.rate_scale - h.t + h.tx, 0.5) as usual, analytics.pareto_wait(s.rate_shape, s.rate_scale, 0.1) as p10,
                analytics.pareto_wait(s.rate_shape, s.rate_scale, 0.5) as p50, analytics.pareto_wait(s.rate_shape, s.rate_scale, 0.9) as p90
            from score s
            join (select u.* from gathered g, unnest(g.x, g.tx, g.t) with ordinality as u (x, tx, t, i)) h using (i)
        )
        select k.customer_id, k.frequency, k.last_day, k.last_day + a.usual, v_model.as_of + a.p10, v_model.as_of + a.p50, v_model.as_of + a.p90,
            a.alive, a.buys, a.purchases, k.mean_value
        from known k
        join answer a on (a.x, a.tx, a.t) = (k.frequency, k.recency, k.age);
end
$$;
