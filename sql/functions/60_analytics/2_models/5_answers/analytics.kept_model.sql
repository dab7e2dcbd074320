create or replace function analytics.kept_model(p_model text, p_as_of date) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- The newest model of a kind and day; fitted now where there is none. For analytics.next_order() and analytics.backtest().
-- Errors: EM400 no such model
declare
    v_id bigint;
begin
    select max(m.model_id) into v_id from analytics.model m where (m.model, m.as_of) = (p_model, p_as_of);
    if v_id is null then
        v_id := analytics.fit_model(p_model, p_as_of);
    end if;
    return v_id;
end
$$;
