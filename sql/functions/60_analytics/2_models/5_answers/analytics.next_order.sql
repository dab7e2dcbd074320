create or replace function analytics.next_order(
    p_as_of date, p_days integer default 7, p_horizon integer default 90, p_model text default 'bg_nbd'
) returns table (
    customer_id bigint, predicted_date date, p10_date date, p50_date date, p90_date date, due text,
    probability_of_order double precision, probability_alive double precision, expected_orders double precision,
    expected_value double precision, orders_before integer, last_order_date date, model_id bigint
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- When each customer who ordered by the end of a UTC day orders next. The day is a parameter, never the clock.
--   p_days       how far probability_of_order and due look ahead
--   p_horizon    days that expected_orders and expected_value are of
--   p_model      bg_nbd, pareto_nbd or mean_interval; fitted as of that day where none is kept
--   predicted_date   the last order and the customer's usual wait; due: overdue where that is p_as_of or before, due within p_days after it,
--                else later
--   p10_date, p50_date, p90_date   of the next order, given none until p_as_of and a customer who has not left
--   expected_value   of the expected orders, in the shop's currency, by the Gamma-Gamma model; null where that did not converge
-- Nothing where the model did not converge, and a warning that says why, as does analytics.model.
-- Writes: analytics.model, where a model is missing
-- Errors: EM400 no such model, EM402 days, horizon or the day are none
declare
    v_model analytics.model;
    v_value analytics.model;
    v_p double precision;
    v_q double precision;
    v_v double precision;
begin
    if (p_days between 1 and 3650 and p_horizon between 1 and 3650) is not true then
        raise exception using errcode = 'EM402', message = 'days and horizon are 1 to 3650';
    end if;
    v_model.model_id := analytics.kept_model(p_model, p_as_of);
    select * into v_model from analytics.model m where m.model_id = v_model.model_id;
    if not v_model.converged then
        raise warning 'model % as of % did not converge, and answers nothing: %', p_model, p_as_of, v_model.reason;
    end if;
    v_value.model_id := analytics.kept_model('gamma_gamma', p_as_of);
    select * into v_value from analytics.model m where m.model_id = v_value.model_id;
    if not v_value.converged then
        raise notice 'model gamma_gamma as of % did not converge, so there is no expected_value: %', p_as_of, v_value.reason;
    else
        v_p := (v_value.params ->> 'p')::double precision;
        v_q := (v_value.params ->> 'q')::double precision;
        v_v := (v_value.params ->> 'v')::double precision;
    end if;
    return query
        select s.customer_id, s.predicted_day, s.p10_day, s.p50_day, s.p90_day,
            case when s.predicted_day <= p_as_of then 'overdue' when s.predicted_day <= p_as_of + p_days then 'due' else 'later' end,
            s.buys, s.alive, s.purchases,
            -- The mean of all and the customer's own, each by what it is worth; without a finite mean of all there is none.
            s.purchases * case when s.mean_value > 0 then v_p * (v_v + s.frequency * s.mean_value) / nullif(greatest(v_p * s.frequency + v_q - 1, 0), 0)
                when v_q > 1 then v_p * v_v / (v_q - 1) end,
            s.frequency + 1, s.last_day, v_model.model_id
        from analytics.model_scores(v_model.model_id, p_horizon, p_days) s;
end
$$;
