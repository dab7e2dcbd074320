-- Samples that tell a model little or nothing: an answer that makes sense, or a reason why there is none; never an error, NaN or Infinity.
begin;
\ir ../support.psql
select * from no_plan();
-- What is said to who asks, in a session of its own, before this one has rows that it would wait for.
\set said `psql -Xq -f Tests/sql/60_analytics/said.psql 2>&1`
select matches(:'said'::text, 'none:.*WARNING:  model bg_nbd as of 1997-01-01 did not converge, and answers nothing: nobody has bought again.*NOTICE:  model gamma_gamma as of 1997-01-01 did not converge.*short:', 'a model that did not converge says so');
select matches(:'said'::text, 'short:.*WARNING:  orders are known until 1998-06-30, the horizon ends on 1998-08-29.*whole:', 'a backtest that ends after the latest order says so');
select doesnt_match(:'said'::text, 'whole:.*WARNING', 'and one that does not says nothing');
set local client_min_messages = error;

create temp table sample (name text, customer_id bigint, day date, value numeric, currency text default 'EUR');
insert into sample (name, customer_id, day, value)
select 'once each', i, date '2025-01-01' + i % 200, 10 + i % 7 from generate_series(1, 300) i
union all select 'one customer', 1, date '2025-01-01' + 30 * i, 20 from generate_series(0, 9) i
union all select 'one order', 1, date '2025-06-01', 20
union all select 'one day', i, date '2025-05-01', 10 + i from generate_series(1, 100) i, generate_series(1, 3)
union all select 'the last day', i, date '2025-12-31', 10 + i from generate_series(1, 100) i
union all select 'one history', i, date '2025-01-01' + d, 10 from generate_series(1, 200) i, unnest('{0,30,90}'::integer[]) d
union all select 'every day', i, date '2020-01-01' + d, 10 + i from generate_series(1, 8) i, generate_series(0, 1500) d where (d + i) % 11 > 0
union all select 'daily and once', i, date '2016-01-01' + d, 5 from generate_series(1, 3) i, generate_series(0, 3600) d
union all select 'daily and once', i, date '2016-01-01' + i % 3000, 5 + i % 90 from generate_series(4, 400) i
union all select 'no value', i, date '2025-01-01' + i % 50 + d, 0 from generate_series(1, 200) i, unnest('{0,17,40}'::integer[]) d where d < i % 60
union all select 'nobody leaves', i, date '2024-01-01' + d * (3 + i % 40), 10 + (i * d) % 17 from generate_series(1, 100) i, generate_series(0, 250) d where d * (3 + i % 40) < 730;
select setseed(0.5);
-- One that tells enough: gaps and ends that differ from customer to customer, over twenty years.
insert into sample (name, customer_id, day, value)
select 'twenty years', i, date '2006-01-01' + i * 13 + day, value
from (
    select i, value, sum(case when d > 0 then gap else 0 end) over (partition by i order by d)::integer as day
    from (select i, d, 1 + floor(-ln(1 - random()) * (10 + 70 * (i % 11)))::integer as gap, round((5 + 20 * random())::numeric * (1 + i % 5), 2) as value
        from generate_series(1, 400) i, generate_series(0, 40) d where d < 1 + (i * i) % 13 * (1 + i % 4)) g
) t
where i * 13 + day < 7300;
insert into sample (name, customer_id, day, value, currency)
select 'no rate', i, date '2025-01-01' + i % 50 + d, 10 + i % 9, 'USD' from generate_series(1, 200) i, unnest('{0,17,40}'::integer[]) d where d < i % 60;
-- What each kind of model says of a sample, and the answers that are wrong in themselves.
create function pg_temp.tried(p_sample text, p_as_of date default '2025-12-31') returns table (model text, said text, answers bigint, wrong bigint)
language plpgsql as $$
declare
    v_kind text;
begin
    set local session_replication_role = replica;
    delete from shop.orders;
    delete from shop.customers;
    delete from analytics.model;
    insert into shop.customers (customer_id, last_name, registration_date) select distinct s.customer_id, 'Customer', timestamptz '2000-01-01 00:00Z' from sample s where name = p_sample;
    insert into shop.orders (customer_id, order_date, total_amount, status, currency)
    select s.customer_id, s.day::timestamp at time zone 'UTC', s.value, 'delivered', s.currency from sample s where name = p_sample;
    set local session_replication_role = origin;
    foreach v_kind in array '{bg_nbd,pareto_nbd,mean_interval}'::text[] loop
        return query
            with answer as materialized (select * from analytics.next_order(p_as_of, p_model => v_kind))
            select v_kind, null::text, count(*), count(*) filter (where not (
                a.expected_orders >= 0 and a.expected_orders < 1e5 and coalesce(a.expected_value between 0 and 1e9, true) and a.p10_date <= a.p50_date and a.p50_date <= a.p90_date
                and a.predicted_date > a.last_order_date and isfinite(a.p90_date) and a.probability_of_order between 0 and 1
                and (v_kind = 'mean_interval' or a.p10_date > p_as_of and a.probability_of_order <= a.probability_alive + 1e-12 and a.probability_alive between 0 and 1)))
            from answer a;
    end loop;
    return query select 'backtest', null::text, count(*), count(*) filter (where b.reason is null and b.customers > 0 and (b.mae is null and b.expected is not null or b.expected = 'NaN' or b.expected = 'Infinity'))
        from analytics.backtest(p_as_of - 100, 90) b;
    return query select m.model, coalesce(m.reason, 'converged'), null::bigint, count(*) filter (where not (m.converged or m.reason <> '') or m.params::text ~* 'nan|inf'
        or m.log_likelihood in ('NaN', 'Infinity', '-Infinity')) over () from analytics.model m where m.as_of = p_as_of order by m.model_id;
end
$$;
insert into shop.currency_rate (currency, valid_from, rate) values ('EUR', '1990-01-01', 1) on conflict do nothing;
create temp table found as select s.name, t.* from (select distinct name from sample) s, pg_temp.tried(s.name) t;
select is(sum(wrong), 0::numeric, name) from found group by name order by name;
select is(f.said, v.said, format('%s, %s', f.name, f.model)) from (values ('once each', 'bg_nbd', 'nobody has bought again'), ('one day', 'pareto_nbd', 'nobody has bought again'),
    ('the last day', 'mean_interval', 'nobody has bought again'), ('one order', 'gamma_gamma', 'nobody has bought again for a value'), ('no value', 'gamma_gamma', 'nobody has bought again for a value'),
    ('no rate', 'gamma_gamma', 'nobody has bought again for a value'), ('one history', 'bg_nbd', 'a parameter runs away: the data do not tell it'), ('twenty years', 'pareto_nbd', 'converged'), ('twenty years', 'gamma_gamma', 'converged'), ('nobody leaves', 'bg_nbd', 'a parameter runs away: the data do not tell it')) v (name, model, said)
join found f on (f.name, f.model) = (v.name, v.model) and f.said is not null;
select is((select count(*) from found where said is null and model in ('bg_nbd', 'pareto_nbd') and answers > 0), (select count(*) from found where said = 'converged' and model in ('bg_nbd', 'pareto_nbd')), 'who converged answers, and nobody else');
select is((select count(*) from found f where said is not null), 12 * 4::bigint, 'each says something');

-- A model that did not converge before orders came in is fitted again; one that still cannot is not, nor is one that did.
create function pg_temp.fill(p_sample text) returns void
language plpgsql as $$
begin
    set local session_replication_role = replica;
    delete from shop.orders;
    delete from shop.customers;
    insert into shop.customers (customer_id, last_name, registration_date) select distinct s.customer_id, 'Customer', timestamptz '2000-01-01 00:00Z' from sample s where name = p_sample;
    insert into shop.orders (customer_id, order_date, total_amount, status, currency)
    select s.customer_id, s.day::timestamp at time zone 'UTC', s.value, 'delivered', s.currency from sample s where name = p_sample;
    set local session_replication_role = origin;
end
$$;
delete from analytics.model;
select pg_temp.fill('one order');
create temp table early as select k, (select count(*) from analytics.next_order('2025-12-31', p_model => k)) as answers from unnest('{bg_nbd,pareto_nbd,mean_interval}'::text[]) k;
select is(answers, 0::bigint, k || ' knows nothing yet') from early;
select is((select count(*) from analytics.next_order('2025-12-31', p_model => k)), 0::bigint, k || ' asked again') from early;
select is(count(*), 4::bigint, 'and is not fitted again for that') from analytics.model;
select pg_temp.fill('twenty years');
create temp table late as select k, (select count(*) from analytics.next_order('2025-12-31', p_model => k)) as answers from unnest('{bg_nbd,pareto_nbd,mean_interval}'::text[]) k;
select ok((answers > 300) = (k <> 'bg_nbd'), k || ' answers once there are orders that tell it enough') from late;
select is((select count(*) from analytics.next_order('2025-12-31', p_model => k)), answers, k || ' asked again') from late;
select ok((select bool_and(expected_value > 0) from analytics.next_order('2025-12-31', p_model => 'pareto_nbd')), 'with values');
select results_eq('select model, count(*) from analytics.model group by model order by model', $$values ('bg_nbd', 2::bigint), ('gamma_gamma', 2), ('mean_interval', 2), ('pareto_nbd', 2)$$, 'each was fitted once more');

-- No days, and no day.
select is(pg_temp.state_as('analytics', q), 'EM402', q) from unnest(array[$$select * from analytics.next_order('2025-12-31', null)$$, $$select * from analytics.next_order('2025-12-31', 7, null)$$,
    'select * from analytics.next_order(null)', $$select * from analytics.next_order('infinity')$$, $$select * from analytics.next_order('12000-01-01')$$, $$select analytics.fit_model('mean_interval', null)$$,
    'select * from analytics.backtest(null, 30)', $$select * from analytics.backtest('-infinity', 30)$$, $$select * from analytics.due_customers('2025-12-31', null, 'pareto_nbd')$$, $$select * from analytics.due_customers('infinity')$$]) q;

select * from finish();
rollback;
