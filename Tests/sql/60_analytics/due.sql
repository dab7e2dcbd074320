-- Who is due, as documents, and the books of their delivery: CDNOW's purchases as orders.
begin;
\ir ../support.psql
select * from no_plan();
create temp table line (words text);
\copy line from 'Tests/fixtures/cdnow/CDNOW_sample.txt'
create temp table bought as
select words[2]::bigint as customer_id, to_date(words[3], 'YYYYMMDD') as day, words[5]::numeric as value
from (select regexp_split_to_array(btrim(line.words), '\s+') as words from line) l;
select is(pg_temp.state_as('relay', 'select * from analytics.due_customers(null)'), 'EM410', 'without orders nobody is due, and that is said');
grant select on bought to emporium_owner;
set local role emporium_owner;
\ir cdnow_orders.psql
reset role;

-- The set: due, not overdue, not later; of any window, and the same again.
create temp table due as select * from analytics.due_customers('1997-09-30');
select results_eq('select customer_id from due order by 1', $$select customer_id from analytics.next_order('1997-09-30') where due = 'due' order by 1$$, 'those who are due');
select is((select count(*) from due), 40::bigint, 'as many as next_order says');
select is((select count(*) from due d join analytics.next_order('1997-09-30') n using (customer_id) where n.predicted_date > '1997-09-30' and n.predicted_date <= '1997-10-07'), 40::bigint, 'after the day, and within seven');
select results_eq($$select customer_id from analytics.due_customers('1997-09-30', 30, 'pareto_nbd') order by 1$$,
    $$select customer_id from analytics.next_order('1997-09-30', 30, p_model => 'pareto_nbd') where due = 'due' order by 1$$, 'of another window and model');
select results_eq($$select md5(string_agg(document::text, '' order by customer_id)) from analytics.due_customers('1997-09-30')$$, $$select md5(string_agg(document::text, '' order by customer_id)) from due$$, 'asked twice, the same bytes');
select is(analytics.latest_order_day(), (select max(day) from bought), 'the latest day');
select results_eq('select count(*) from analytics.due_customers(null)', format('select count(*) from analytics.due_customers(%L)', analytics.latest_order_day()), 'which is the default');

-- The document.
select ok(bool_and(document -> '_id' = jsonb_build_object('$numberLong', customer_id::text) and document -> 'customer_id' = document -> '_id'), 'its _id is in it, and is the customer') from due;
select is((select array_agg(k order by k) from jsonb_object_keys((select document from due limit 1)) k),
    '{_id,as_of,customer_id,days,expected_orders,expected_value,horizon_days,last_order_date,likely_products,model,model_id,orders_before,p10_date,p50_date,p90_date,predicted_date,probability_alive,probability_of_order}'::text[],
    'its fields, none of them a name of a person');
select is(document - '_id' - 'customer_id' - 'likely_products' - 'expected_value' - 'expected_orders' - 'probability_of_order' - 'probability_alive' - 'model_id',
    jsonb_build_object('as_of', '{"$date": "1997-09-30T00:00:00Z"}'::jsonb, 'days', '{"$numberLong": "7"}'::jsonb, 'horizon_days', '{"$numberLong": "90"}'::jsonb, 'model', 'bg_nbd',
        'predicted_date', analytics.extended_date(n.predicted_date), 'p10_date', analytics.extended_date(n.p10_date), 'p50_date', analytics.extended_date(n.p50_date),
        'p90_date', analytics.extended_date(n.p90_date), 'orders_before', analytics.extended_integer(n.orders_before), 'last_order_date', analytics.extended_date(n.last_order_date)),
    'what next_order says')
from due d join analytics.next_order('1997-09-30') n using (customer_id) order by customer_id limit 1;
select is(analytics.extended_double(v, 6)::text, e, 'a double: ' || coalesce(v::text, 'null'))
from (values (2.0::double precision, '{"$numberDouble": "2.000000"}'), (0.1234567, '{"$numberDouble": "0.123457"}'), (null, 'null'), ('NaN', 'null'), ('Infinity', 'null')) x (v, e);
select is(analytics.extended_date(null), 'null'::jsonb, 'no day');
select is(document -> 'probability_alive', 'null'::jsonb, 'what a model does not know is null') from analytics.due_customers('1997-09-30', p_model => 'mean_interval') limit 1;

-- Likely products, by hand: 1 and four more; orders of CDNOW have no lines here.
set local session_replication_role = replica;  -- the shop's own triggers are not what is tried here
set local role emporium_owner;
insert into shop.products (product_id, name, category, price, supplier_id, stock_quantity)
select p, 'Product ' || p, 'Music', 10, 1, 100 from generate_series(2, 6) p;
insert into shop.orders (order_id, customer_id, order_date, total_amount, status, currency)
select 900000 + n, 900000 + n, timestamptz '1997-06-01 00:00Z', 10, case when n = 9 then 'cancelled' else 'pending' end::shop.order_status, 'EUR' from generate_series(1, 9) n;
-- 2 with 3 in three of four, 2 with 4 in two of them, 2 with 5 in four but 5 is retired, 2 with 6 in a cancelled one, too.
insert into shop.order_items (order_id, product_id, quantity, unit_price, total_price)
select o, p, 1, 10, 10 from (values (900001, 2), (900001, 3), (900001, 4), (900001, 5), (900002, 2), (900002, 3), (900002, 4), (900002, 5), (900003, 2), (900003, 3), (900003, 5), (900004, 2), (900004, 5),
    (900005, 6), (900006, 6), (900009, 2), (900009, 6)) v (o, p);
insert into shop.product_retirement (product_id) values (5);
-- One customer with habits: 1 twice long ago, 2 on the last day, 6 on the last day.
insert into shop.customers (customer_id, last_name, registration_date) values (800000, 'Habit', '1997-01-01 00:00Z');
insert into shop.orders (order_id, customer_id, order_date, total_amount, status, currency) values
    (800001, 800000, '1997-04-03 00:00Z', 10, 'pending', 'EUR'), (800002, 800000, '1997-04-03 00:00Z', 10, 'pending', 'EUR'), (800003, 800000, '1997-04-04 00:00Z', 10, 'pending', 'EUR'),
    (800004, 800000, '1997-09-30 00:00Z', 20, 'pending', 'EUR'), (800005, 800000, '1997-10-01 00:00Z', 10, 'pending', 'EUR');
insert into shop.order_items (order_id, product_id, quantity, unit_price, total_price) values
    (800001, 1, 1, 10, 10), (800002, 1, 1, 10, 10), (800003, 1, 1, 10, 10), (800004, 2, 1, 10, 10), (800004, 6, 1, 10, 10), (800005, 4, 1, 10, 10);
reset role;
set local session_replication_role = origin;
set local role emporium_owner;
select results_eq($$select place, product_id, score, times, last_bought, together from analytics.likely_products('{800000}', '1997-09-30', 5) order by place$$,
    $$values (1, 1::bigint, round(power(0.5, 180 / 180.0) + power(0.5, 179 / 180.0), 6), 2, '1997-04-04'::date, 0::numeric),
        (2, 2, 1.000000, 1, '1997-09-30', 0), (3, 6, 1.000000, 1, '1997-09-30', 0), (4, 3, 0.600000, 0, null, 0.600000)$$,
    'days, not orders, halved every 180; equal ones by number; bought together three times at least; not the retired, not the cancelled, not what came later');
select results_eq($$select customer_id, count(*) from analytics.likely_products('{800000,4}', '1997-09-30') group by 1$$, 'values (800000::bigint, 3::bigint)', 'three at most, and none of who has no lines');
select is_empty($$select * from analytics.likely_products('{}', '1997-09-30')$$, 'of nobody nothing');
select is_empty($$select * from analytics.likely_products(null, '1997-09-30')$$, 'nor of no list');
reset role;

-- A model that did not converge is no empty set.
select is(pg_temp.state_as('relay', $$select * from analytics.due_customers('1990-01-01')$$), 'EM411', 'nothing is expected of nobody');
select is(pg_temp.state_as('relay', q), s, s) from (values ($$select * from analytics.due_customers('1997-09-30', 0)$$, 'EM402'), ($$select * from analytics.due_customers('1997-09-30', 7, 'crystal_ball')$$, 'EM400')) v (q, s);

-- The books: numbers grow past what a store shows, the newest alone is completed.
select is(ops.document_owner(), ops.document_owner(), 'an owner');
create temp table run as select ops.begin_document_run('h/d.c', 41, '1997-09-30', 7, 'bg_nbd', '{a,b}') as run_id;
select is(run_id, 42::bigint, 'higher than the store''s') from run;
select is(ops.begin_document_run('h/d.other', null, '1997-09-30', 7, 'bg_nbd', '{}'), 43::bigint, 'and than any before');
select results_eq('select documents, digest, model from ops.document_run where run_id = 42', $$values (2::bigint, md5('ab')::uuid, 'bg_nbd')$$, 'what is to be delivered');
select is(ops.begin_document_run('h/d.c', 0, '1997-09-30', 7, 'bg_nbd', '{}'), 44::bigint, 'a newer run');
select is(pg_temp.state_as('relay', 'select ops.complete_document_run(42, 1, 1, 0)'), 'EM412', 'the older one is not completed');
select is(pg_temp.state_as('relay', 'select ops.complete_document_run(43, 1, 2, 3)'), '00000', 'that of another destination is');
select is(pg_temp.state_as('relay', 'select ops.complete_document_run(43, 1, 2, 3)'), 'EM412', 'once');
select results_eq('select added, removed, repaired, completed_at is not null from ops.document_run where run_id = 43', 'values (1::bigint, 2::bigint, 3::bigint, true)', 'with what it did');
select is(pg_temp.state_as('relay', $$select ops.begin_document_run('h/d.c', 0, '1990-01-01', 7, 'bg_nbd', '{}')$$), 'EM411', 'none of a model that did not converge');

-- Who may.
select is(pg_temp.state_as('analytics', $$select * from analytics.due_customers('1997-09-30')$$), '00000', 'analysts may ask');
select is(pg_temp.state_as('relay_admin', 'select * from ops.document_run'), '00000', 'who looks after deliveries sees them');
select is(pg_temp.state_as(r, q), '42501', r || ': ' || q)
from unnest('{sales,logistics,loader,promoter,collector,relay_admin}'::text[]) r, unnest(array[$$select * from analytics.due_customers('1997-09-30')$$, 'select ops.document_owner()', 'select ops.complete_document_run(44, 1, 1, 0)']) q;
select is(pg_temp.state_as('relay', q), '42501', q)
from unnest(array['select * from shop.orders', 'select * from analytics.model', $$select * from analytics.next_order('1997-09-30')$$, $$select * from analytics.likely_products('{1}', '1997-09-30')$$, 'update ops.document_run set documents = 0']) q;
select * from finish();
rollback;
