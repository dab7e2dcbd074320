create or replace function analytics.fit_mean_interval(p_as_of date) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- The baseline: each customer's own mean interval between purchases, that of all where he has none; and how intervals spread about
-- their customer's mean. What it keeps: see analytics.model. For analytics.fit_model().
declare
    v_id bigint;
begin
    insert into analytics.model (model, as_of, params, customers, histories, purchases, converged, reason)
    select 'mean_interval', p_as_of,
        case when count(*) = 0 then '{}' else jsonb_build_object(
            'mean', avg(gap), 'p10', percentile_cont(0.1) within group (order by gap / mean),
            'p50', percentile_cont(0.5) within group (order by gap / mean), 'p90', percentile_cont(0.9) within group (order by gap / mean)) end,
        count(distinct customer_id), 0, count(*), count(*) > 0, case when count(*) = 0 then 'nobody has bought again' end
    from (
        select customer_id, gap, avg(gap) over (partition by customer_id) as mean
        from (
            select customer_id, (day - lag(day) over (partition by customer_id order by day))::double precision as gap
            from (
                select distinct o.customer_id, o.order_date::date as day
                from shop.orders o
                where o.status <> 'cancelled' and o.order_date < (p_as_of + 1)::timestamptz
            ) d
        ) g
        where gap is not null
    ) m
    returning model_id into v_id;
    return v_id;
end
$$;
