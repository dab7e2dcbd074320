-- The published fits, out of the shop's own tables: CDNOW's purchases as orders, calibrated to 1997-09-30.
begin;
\ir ../support.psql
select * from no_plan();
create temp table line (words text);
\copy line from 'Tests/fixtures/cdnow/CDNOW_sample.txt'
create temp table bought as
select words[2]::bigint as customer_id, to_date(words[3], 'YYYYMMDD') as day, words[5]::numeric as value
from (select regexp_split_to_array(btrim(line.words), '\s+') as words from line) l;
select is((select count(distinct customer_id) from bought), 2357::bigint, 'the sample');
grant select on bought to emporium_owner;
set local role emporium_owner;
\ir cdnow_orders.psql
select results_eq($$select count(*), sum(frequency)::bigint, max(age) from analytics.purchase_history('1997-09-30')$$, 'values (2357::bigint, 2457::bigint, 272)', 'histories');

-- In weeks, as it was published; the unit of alpha and beta is that of the times.
create temp table fit as
select m, f.*
from (
    select array_agg(x order by x, y, t) as x, array_agg(y order by x, y, t) as y, array_agg(t order by x, y, t) as t, array_agg(n order by x, y, t) as n
    from (select frequency::float8 as x, recency / 7.0::float8 as y, age / 7.0::float8 as t, count(*)::float8 as n from analytics.purchase_history('1997-09-30') group by 1, 2, 3) h
) g, unnest('{bg_nbd,pareto_nbd}'::text[]) m, analytics.maximise('analytics.' || m || '_slope', '{1,1,1,1}', g.x, g.y, g.t, g.n) f;
select is(m || (select string_agg(round(p::numeric, 3)::text, ' ' order by i) from unnest(params) with ordinality as p (p, i)) || ' ' || round(log_likelihood::numeric, 1), expected, 'published')
from fit join (values ('bg_nbd', 'bg_nbd0.243 4.414 0.793 2.426 -9582.4'), ('pareto_nbd', 'pareto_nbd0.553 10.578 0.606 11.669 -9595.0')) v (m, expected) using (m);
select ok(bool_and(converged and reason is null and evaluations < 60), 'and soon') from fit;

-- In days, kept: the same up to the unit.
create temp table fitted as select analytics.fit_model(k, '1997-09-30') as model_id from unnest('{bg_nbd,pareto_nbd,gamma_gamma}'::text[]) k;
create temp table kept as select m.* from fitted join analytics.model m using (model_id);
select results_eq($$select model, converged, customers, purchases, round(log_likelihood::numeric, 1) from kept where model = 'gamma_gamma'$$,
    $$values ('gamma_gamma', true, 946::bigint, 2457::bigint, round((select log_likelihood from kept where model = 'gamma_gamma')::numeric, 1))$$, 'the model of values has those who bought again');
select is((select string_agg(round((params ->> n)::numeric, 2)::text, ' ' order by i) from kept, unnest('{p,q,v}'::text[]) with ordinality as n (n, i) where model = 'gamma_gamma'), '6.25 3.74 15.44', 'Gamma-Gamma as published');
select ok(abs((params ->> 'r')::numeric - 0.243) < 0.001 and abs((params ->> 'alpha')::numeric / 7 - 4.414) < 0.002, 'BG/NBD in days') from kept where model = 'bg_nbd';
select ok(abs((params ->> 's')::numeric - 0.606) < 0.001 and abs((params ->> 'beta')::numeric / 7 - 11.669) < 0.005, 'Pareto/NBD in days') from kept where model = 'pareto_nbd';
reset role;

-- What they say: of histories whose values scipy gives by other formulas.
select results_eq(
    $$select i, round(alive::numeric, 9), round(purchases::numeric, 8)
      from analytics.bg_nbd_scores('{0.24259452621832311,4.4136021143521456,0.7929219486261028,2.42590653100295}', '{26,0,1,2,7,29}', '{30.86,0,10,30,35,38}', '{31,39,39,38.86,39,39}', 39, 2) order by i$$,
    $$values (1::bigint, 0.968918525, 20.75027573), (2, 1.000000000, 0.19421560), (3, 0.437368322, 0.41769441), (4, 0.721042492, 1.21651497), (5, 0.840675029, 4.35980189), (6, 0.951007959, 19.31710755)$$, 'BG/NBD');
select results_eq(
    $$select i, round(alive::numeric, 9), round(purchases::numeric, 8)
      from analytics.pareto_nbd_scores('{0.5532767662515528,10.57767852617591,0.6062402258728024,11.66875314890858}', '{26,0,1,2,7,29}', '{30.86,0,10,30,35,38}', '{31,39,39,38.86,39,39}', 39, 2) order by i$$,
    $$values (1::bigint, 0.997917893, 20.11571963), (2, 0.294276495, 0.10650410), (3, 0.397292609, 0.40367110), (4, 0.860593946, 1.44083141), (5, 0.933182796, 4.61073806), (6, 0.983585632, 19.01455409)$$, 'Pareto/NBD');

-- What comes of it, for whom, and as of which day.
select results_eq($$select model, customers, bought, round(coverage::numeric, 3), round(mae::numeric, 3), round(rmse::numeric, 3), round(auc::numeric, 3), happened from analytics.backtest('1997-09-30', 273) where mae is not null or model = 'recency'$$,
    $$values ('bg_nbd', 2357::bigint, 684::bigint, 0.724, 0.785, 1.608, 0.757, 1882::bigint), ('pareto_nbd', 2357, 684, 0.803, 0.755, 1.603, 0.771, 1882), ('mean_interval', 2357, 684, 0.303, 7.926, 19.698, 0.458, 1882),
        ('recency', 2357, 684, null, null, null, 0.771, 1882), ('same_rate', 2357, 684, null, 1.922, 2.723, 0.774, 1882)$$, 'the backtest');
select results_eq($$select due, count(*) from analytics.next_order('1997-09-30') group by due order by due$$, $$values ('due', 40::bigint), ('later', 1721), ('overdue', 596)$$, 'who is due, and who overdue');
select ok(bool_and(p10_date <= p50_date and p50_date <= p90_date and p10_date > '1997-09-30' and predicted_date > last_order_date and last_order_date <= '1997-09-30'
    and probability_alive between 0 and 1 and probability_of_order between 0 and probability_alive and expected_orders >= 0 and expected_value >= 0), 'answers make sense') from analytics.next_order('1997-09-30');
select is((select count(*) from analytics.model where as_of = '1997-09-30' and model = 'bg_nbd'), 1::bigint, 'a model that is kept is used');
select is((select count(*) from analytics.next_order('1997-01-31')), (select count(distinct customer_id) from bought where day <= '1997-01-31'), 'what came later is not known');
select is(pg_temp.state_as('analytics', $$select * from analytics.next_order('1997-09-30', p_model => 'pareto_nbd')$$), '00000', 'analysts may ask');
select is(pg_temp.state_as(r, $$select * from analytics.next_order('1997-09-30')$$), '42501', r || ' may not') from unnest('{sales,logistics,loader,relay}'::text[]) r;
select is(pg_temp.state_as('analytics', q), s, s) from (values ($$select analytics.fit_model('crystal_ball', '1997-09-30')$$, 'EM400'), ($$select * from analytics.next_order('1997-09-30', 0)$$, 'EM402'), ($$select * from analytics.backtest('1997-09-30', null)$$, 'EM402')) v (q, s);
create temp table nobody as select analytics.fit_model('bg_nbd', '1990-01-01') as model_id;
select is((select string_agg(reason, '; ') from analytics.model where as_of = '1990-01-01'), 'nobody has bought again', 'and says why it is none');
select is((select count(*) from analytics.next_order('1990-01-01')), 0::bigint, 'nor answers');
select * from finish();
rollback;
