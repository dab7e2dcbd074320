create or replace function analytics.kept_model(p_model text, p_as_of date) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
-- The newest model of a kind and day; fitted now where there is none. One that did not converge is fitted again once the sample has
-- changed: orders came in since. For analytics.next_order() and analytics.backtest().
-- Errors: EM400 no such model, EM402 the day is none
declare
    v_kept analytics.model;
    v_has_changed boolean;
begin
    select m.* into v_kept from analytics.model m where (m.model, m.as_of) = (p_model, p_as_of) order by m.model_id desc limit 1;
    if v_kept.model_id is null then
        return analytics.fit_model(p_model, p_as_of);
    end if;
    if not v_kept.converged then
        select (count(*), coalesce(sum(h.frequency), 0)) is distinct from (v_kept.customers, v_kept.purchases) into v_has_changed
        from analytics.histories(p_as_of, p_model = 'gamma_gamma') h
        where case p_model when 'gamma_gamma' then h.frequency > 0 and h.mean_value > 0 when 'mean_interval' then h.frequency > 0 else true end;
        if v_has_changed then
            return analytics.fit_model(p_model, p_as_of);
        end if;
    end if;
    return v_kept.model_id;
end
$$;
