create or replace function analytics.backtest(p_cut date, p_horizon integer)
returns table (
    model text, customers bigint, bought bigint, reason text, coverage double precision, mae double precision, rmse double precision,
    auc double precision, expected double precision, happened bigint, calibration jsonb
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set enable_nestloop = off
set enable_mergejoin = off set work_mem = '256MB' as $$
-- What each model, fitted on what was known at the end of a UTC day, would have said of the days after it, and what happened; beside
-- it naive rivals, so that a reader sees whether a model earns its place. Customers are those known on that day.
--   p_horizon    days after p_cut that are compared; the orders of all of them must be known
--   model        bg_nbd, pareto_nbd, mean_interval; recency (who bought last buys next), frequency (who bought most), same_rate (as many a
--                day as before)
--   bought       customers who ordered within the horizon
--   reason       why a model did not converge: it has no figures then
--   coverage     of those who bought, how many did between p10 and p90 of their next order; null for rivals, which give no interval.
--                Of a model that is right, 0.8 of all next orders, and so somewhat less of those within a horizon that ends before p90
--   mae, rmse    of the number of purchases; null for those that give none
--   auc          probability that one who bought was ranked above one who did not; 0.5: no better than chance
--   expected, happened   purchases within the horizon, in all
--   calibration  by tenth of customers, from the least expected purchases to the most: [expected mean, mean that happened], …
-- Writes: analytics.model, where a model is missing
-- Errors: EM402 the horizon or the day is none
-- Warns where the horizon ends after the latest order: what came then is not known, and counts as no order.
declare
    v_kind text;
    v_model analytics.model;
    v_latest constant date := analytics.latest_order_day();
begin
    if p_horizon not between 1 and 3650 or p_horizon is null then
        raise exception using errcode = 'EM402', message = 'days and horizon are 1 to 3650';
    end if;
    if v_latest < p_cut + p_horizon then
        raise warning 'orders are known until %, the horizon ends on %: days between count as days without orders', v_latest, p_cut + p_horizon;
    end if;
    foreach v_kind in array '{bg_nbd,pareto_nbd,mean_interval,recency,frequency,same_rate}'::text[] loop
        v_model := null;
        if v_kind in ('bg_nbd', 'pareto_nbd', 'mean_interval') then
            v_model.model_id := analytics.kept_model(v_kind, p_cut);
            select * into v_model from analytics.model m where m.model_id = v_model.model_id;
        end if;
        return query
            with later as (
                select o.customer_id, count(distinct o.order_date::date) as purchases, min(o.order_date::date) as day
                from shop.orders o
                where o.status <> 'cancelled' and o.order_date >= (p_cut + 1)::timestamptz and o.order_date < (p_cut + p_horizon + 1)::timestamptz
                group by o.customer_id
            ), said as (
                select s.customer_id, s.purchases, s.buys as score, s.p10_day, s.p90_day
                from analytics.model_scores(v_model.model_id, p_horizon, p_horizon) s
                where v_model.converged
                union all
                select h.customer_id,
                    case when v_kind = 'same_rate' then (h.frequency + 1.0) / greatest(h.age, 1) * p_horizon end::double precision,
                    case v_kind when 'recency' then h.recency - h.age when 'frequency' then h.frequency else (h.frequency + 1.0) / greatest(h.age, 1) end,
                    null, null
                from analytics.purchase_history(p_cut) h
                where v_kind in ('recency', 'frequency', 'same_rate')
            ), compared as (
                select s.*, coalesce(l.purchases, 0) as happened, l.day,
                    -- Equal scores share their ranks.
                    rank() over (order by s.score) + (count(*) over (partition by s.score) - 1) / 2.0 as place,
                    ntile(10) over (order by s.purchases, s.customer_id) as tenth
                from said s
                left join later l using (customer_id)
            ), summed as (
                select count(*) as customers, count(c.day) as bought,
                    avg((c.day between c.p10_day and c.p90_day)::integer) filter (where c.day is not null) as coverage,
                    avg(abs(c.purchases - c.happened)) as mae, sqrt(avg((c.purchases - c.happened) ^ 2)) as rmse,
                    (sum(c.place) filter (where c.day is not null) - count(c.day) * (count(c.day) + 1) / 2.0)
                        / nullif(count(c.day) * (count(*) - count(c.day)), 0) as auc,
                    sum(c.purchases) as expected, sum(c.happened)::bigint as happened
                from compared c
            ), tenths as (
                select jsonb_agg(jsonb_build_array(round(t.said::numeric, 4), round(t.was, 4)) order by t.tenth) as calibration
                from (select c.tenth, avg(c.purchases) as said, avg(c.happened) as was from compared c where c.purchases is not null group by c.tenth) t
            )
            select v_kind, s.customers, s.bought, v_model.reason, s.coverage::double precision, s.mae, s.rmse, s.auc::double precision, s.expected,
                s.happened, t.calibration
            from summed s cross join tenths t;
    end loop;
end
$$;
