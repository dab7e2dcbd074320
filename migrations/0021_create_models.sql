-- Models of when customers order next: what was fitted, on what, and how well it did.
create table analytics.model (
    model_id bigint generated always as identity constraint model_pkey primary key,
    model text not null constraint model_model_check check (model in ('mean_interval', 'bg_nbd', 'pareto_nbd', 'gamma_gamma')),
    as_of date not null,
    unit text not null default 'day' constraint model_unit_check check (unit in ('day', 'week')),
    params jsonb not null constraint model_params_check check (jsonb_typeof(params) = 'object'),
    log_likelihood double precision,
    customers bigint not null constraint model_customers_check check (customers >= 0),
    histories bigint not null constraint model_histories_check check (histories between 0 and customers),
    purchases bigint not null constraint model_purchases_check check (purchases >= 0),
    evaluations integer not null default 0 constraint model_evaluations_check check (evaluations >= 0),
    converged boolean not null,
    reason text constraint model_reason_check check (converged = (reason is null)),
    fitted_by name not null default session_user,
    fitted_at timestamptz not null default clock_timestamp()
);
create index model_as_of_idx on analytics.model (as_of, model, model_id);
comment on table analytics.model is 'models of purchases as they were fitted: the newest of a day and a kind counts';
comment on column analytics.model.as_of is 'orders of this UTC day and before were known';
comment on column analytics.model.unit is 'unit of time of the parameters';
comment on column analytics.model.params is 'bg_nbd: r, alpha, a, b; pareto_nbd: r, alpha, s, beta; gamma_gamma: p, q, v (shop''s currency); mean_interval: mean, and the shares p10, p50, p90 of intervals by their customer''s mean';
comment on column analytics.model.log_likelihood is 'of the sample, natural logarithm; null for mean_interval, which has none';
comment on column analytics.model.customers is 'customers it was fitted on; of gamma_gamma those who bought again';
comment on column analytics.model.histories is 'different histories among them: what was computed';
comment on column analytics.model.purchases is 'repeat purchases of them; orders of one UTC day are one purchase';
comment on column analytics.model.evaluations is 'of the likelihood, on the way';
comment on column analytics.model.reason is 'why it did not converge';
