create or replace function analytics.due_customers(p_as_of date, p_days integer default 7, p_model text default 'bg_nbd')
returns table (customer_id bigint, document jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Customers whose next order is expected within p_days after a UTC day: p_as_of < predicted_date <= p_as_of + p_days. Not those who
-- are overdue. Each with a document for a document store, in MongoDB's Extended JSON, so that dates, doubles and 64-bit integers are
-- of one type there: see docs/mongodb.md. A customer is a number in it, never a name.
--   p_as_of   the day; null: analytics.latest_order_day(). Never the clock
--   p_model   bg_nbd, pareto_nbd or mean_interval; fitted as of that day where none is kept
-- Nothing is expected of nobody: where the model did not converge this raises, and gives no empty set.
-- Writes: analytics.model, where a model is missing
-- Errors: EM400 no such model, EM402 days are none, EM410 no orders, EM411 the model did not converge
declare
    v_as_of date := coalesce(p_as_of, analytics.latest_order_day());
    v_model analytics.model;
    v_horizon constant integer := 90;
begin
    -- Here, since a comparison with no number is one that no row of next_order() need be computed for.
    if (p_days between 1 and 3650) is not true then
        raise exception using errcode = 'EM402', message = 'days are 1 to 3650';
    end if;
    if v_as_of is null then
        raise exception using errcode = 'EM410', message = 'there are no orders, so nobody is due', hint = 'load orders first';
    end if;
    v_model.model_id := analytics.kept_model(p_model, v_as_of);
    select * into v_model from analytics.model m where m.model_id = v_model.model_id;
    if not v_model.converged then
        raise exception using errcode = 'EM411',
            message = format('model %s (%s) as of %s did not converge: %s', v_model.model_id, p_model, v_as_of, v_model.reason),
            hint = 'another --model, such as mean_interval, or a day by which more orders are known; it is fitted again once they have changed';
    end if;
    return query
        with due as materialized (
            select n.*
            from analytics.next_order(v_as_of, p_days, v_horizon, p_model) n
            where n.predicted_date > v_as_of and n.predicted_date <= v_as_of + p_days
        ), likely as (
            select l.customer_id, jsonb_agg(jsonb_build_object(
                'product_id', analytics.extended_integer(l.product_id), 'name', l.name,
                'score', analytics.extended_double(l.score::double precision, 6),
                'times_bought', analytics.extended_integer(l.times), 'last_bought', analytics.extended_date(l.last_bought),
                'bought_together', analytics.extended_double(l.together::double precision, 6)) order by l.place) as products
            from analytics.likely_products((select array_agg(d.customer_id) from due d), v_as_of) l
            group by l.customer_id
        )
        select d.customer_id, jsonb_build_object(
            '_id', analytics.extended_integer(d.customer_id), 'customer_id', analytics.extended_integer(d.customer_id),
            'as_of', analytics.extended_date(v_as_of), 'days', analytics.extended_integer(p_days),
            'predicted_date', analytics.extended_date(d.predicted_date), 'p10_date', analytics.extended_date(d.p10_date),
            'p50_date', analytics.extended_date(d.p50_date), 'p90_date', analytics.extended_date(d.p90_date),
            'probability_of_order', analytics.extended_double(d.probability_of_order, 6),
            'probability_alive', analytics.extended_double(d.probability_alive, 6),
            'horizon_days', analytics.extended_integer(v_horizon),
            'expected_orders', analytics.extended_double(d.expected_orders, 6),
            'expected_value', analytics.extended_double(d.expected_value, 2),
            'orders_before', analytics.extended_integer(d.orders_before), 'last_order_date', analytics.extended_date(d.last_order_date),
            'likely_products', coalesce(l.products, '[]'), 'model', p_model, 'model_id', analytics.extended_integer(d.model_id))
        from due d
        left join likely l using (customer_id)
        order by d.customer_id;
end
$$;
