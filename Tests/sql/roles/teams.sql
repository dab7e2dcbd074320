-- Teams at work, and what they try beyond it.
begin;
\ir ../support.psql
select * from no_plan();
\ir ../../../sql/roles/01_database.sql
\ir people.psql
create role ana login in role analytics;
create role lou login in role logistics;
create role sal login in role sales;
create role max login in role analytics, membership_reader;

-- SQLSTATE and message of a statement as a login, whose effects are taken back; and a value, as a login.
create function pg_temp.attempt(p_login text, p_sql text, out state text, out message text) language plpgsql as $$
begin
    perform set_config('session_authorization', p_login, true);
    execute p_sql;
    raise exception using errcode = 'EMOK0';
exception when others then
    state := case sqlstate when 'EMOK0' then '00000' else sqlstate end;
    message := sqlerrm;
end
$$;
create function pg_temp.value_as(p_login text, p_sql text) returns text language plpgsql as $$
declare
    v_value text;
begin
    perform set_config('session_authorization', p_login, true);
    execute p_sql into v_value;
    perform set_config('session_authorization', 'postgres', true);
    return v_value;
end
$$;
select is((pg_temp.attempt(login, q)).state, state, format('%s: %s', login, q))
from (values
    -- Analytics writes nothing, anywhere, by any way round.
    ('ana', 'create temporary table x (x int)', '42501'), ('ana', 'select 1 as x into temporary y', '42501'), ('ana', 'create temporary view x as select 1', '42501'),
    ('ana', 'create table public.x (x int)', '42501'), ('ana', 'create table analytics.x (x int)', '42501'), ('ana', 'create view analytics.x as select 1', '42501'), ('ana', 'create schema x', '42501'),
    ('ana', 'create function pg_temp.x() returns int language sql as ''select 1''', '42501'), ('ana', 'create function analytics.x() returns int language sql as ''select 1''', '42501'), ('ana', 'do ''begin end''', '42501'),
    ('ana', 'copy analytics.orders to program ''cat > /tmp/x''', '42501'), ('ana', 'copy (select 1) to program ''true''', '42501'), ('ana', 'copy (select 1) to ''/tmp/emporium-x''', '42501'),
    ('ana', 'copy analytics.orders from program ''true''', '42501'), ('ana', 'select pg_read_file(''/etc/passwd'')', '42501'), ('ana', 'select pg_ls_dir(''.'')', '42501'),
    ('ana', 'select lo_create(0)', '42501'), ('ana', 'select lo_creat(-1)', '42501'), ('ana', 'select lo_from_bytea(0, ''x'')', '42501'), ('ana', 'select lo_import(''/etc/passwd'')', '42501'), ('ana', 'select lo_open(1, 131072)', '42501'),
    ('ana', 'select pg_logical_emit_message(false, ''x'', ''y'')', '42501'),
    ('ana', 'insert into analytics.currency (currency) values (''XXX'')', '42501'), ('ana', 'update analytics.products set price = 0', '42501'), ('ana', 'delete from analytics.orders', '42501'),
    ('ana', 'truncate shop.orders', '42501'), ('ana', 'select * from analytics.orders for update', '42501'), ('ana', 'lock table analytics.orders in exclusive mode', '42501'),
    ('ana', 'with x as (delete from analytics.orders returning 1) select * from x', '42501'), ('ana', 'explain analyze delete from analytics.orders', '42501'),
    ('ana', 'drop view analytics.orders', '42501'), ('ana', 'alter view analytics.orders set (security_barrier = false)', '42501'), ('ana', 'alter view analytics.orders owner to ana', '42501'),
    ('ana', 'create or replace view analytics.orders as select 1', '42501'), ('ana', 'comment on view analytics.orders is ''x''', '42501'), ('ana', 'create rule x as on select to analytics.orders do instead nothing', '42501'),
    -- Nor reads what is beneath.
    ('ana', 'select * from shop.customers', '42501'), ('ana', 'select * from shop.products', '42501'), ('ana', 'select * from shop.sales_transaction', '42501'), ('ana', 'select * from membership.member', '42501'), ('ana', 'select * from staging.reject', '42501'),
    ('ana', 'select * from membership.successful', '42501'), ('ana', 'select * from ops.batch', '42501'), ('ana', 'select * from privacy.column_class', '42501'), ('ana', 'select * from pg_statistic', '42501'), ('ana', 'select * from pg_authid', '42501'),
    -- Nor is anybody else.
    ('ana', 'set role sales', '42501'), ('ana', 'set role masker', '42501'), ('ana', 'set role reads_personal', '42501'), ('ana', 'set role emporium_owner', '42501'), ('ana', 'set role postgres', '42501'),
    ('ana', 'grant analytics to lou', '42501'), ('ana', 'grant reads_personal to ana', '42501'), ('ana', 'create role x', '42501'), ('ana', 'alter role ana superuser', '42501'),
    ('ana', 'set session_replication_role = replica', '42501'), ('ana', 'set row_security = off', '00000'), ('ana', 'set role analytics', '00000'), ('ana', 'select * from analytics.sales_transaction', '00000'),
    ('ana', 'select * from analytics.daily_rate where day = current_date', '00000'),
    -- Calls of what writes.
    ('ana', 'select shop.advance_order(9002, ''shipped'')', '42501'), ('ana', 'select shop.receive_stock(9001, 1)', '42501'), ('ana', 'select shop.remove_product(9001)', '42501'), ('ana', 'select ops.rotate(''membership.application'')', '42501'),
    ('ana', 'select membership.set_policy(''x'')', '42501'), ('ana', 'select nextval(''shop.orders_order_id_seq'')', '42501'), ('ana', 'select privacy.make_masked_views()', '42501'),
    -- Logistics: steps of its own, no people.
    ('lou', 'select shop.advance_order(9002, ''shipped'')', '00000'), ('lou', 'select shop.advance_order(9003, ''delivered'')', '00000'), ('lou', 'select shop.advance_order(9003, ''returned'')', '00000'),
    ('lou', 'select shop.advance_order(9001, ''paid'')', 'EM101'), ('lou', 'select shop.advance_order(9002, ''cancelled'')', 'EM101'), ('lou', 'select shop.advance_order(9002, ''delivered'')', 'EM101'), ('lou', 'select shop.advance_order(9005, ''shipped'')', 'EM101'),
    ('lou', 'select shop.advance_order(9002, ''paid'')', 'EM101'), ('lou', 'select shop.advance_order(null, null)', 'EM100'), ('lou', 'update shop.orders set status = ''shipped''', '42501'), ('lou', 'select customer_id from shop.orders', '42501'),
    ('lou', 'select * from shop.orders', '42501'), ('lou', 'select o from shop.orders o', '42501'), ('lou', 'select shipping_address from shop.orders order by customer_id', '42501'), ('lou', 'select 1 from shop.orders where total_amount > 0', '42501'), ('lou', 'select shipping_address from analytics.orders', '42501'),
    ('lou', 'select * from shop.customers', '42501'), ('lou', 'select email from analytics.customers', '42501'), ('lou', 'select changed_by from shop.order_status_history', '42501'), ('lou', 'select cost from shop.products', '42501'), ('lou', 'select contact_name from shop.suppliers', '42501'),
    ('lou', 'select membership_id from shop.customer_member', '42501'), ('lou', 'insert into shop.stock_movement (product_id, quantity, reason) values (9001, 1, ''receipt'')', '42501'), ('lou', 'select shop.receive_stock(9001, 5)', '00000'), ('lou', 'select shop.receive_stock(9001, -500)', '23514'),
    ('lou', 'select shop.remove_product(9001)', '42501'), ('lou', 'update shop.products set weight = 1', '42501'), ('lou', 'set role sales', '42501'), ('lou', 'create temporary table x (x int)', '42501'), ('lou', 'select * from shop.item', '00000'),
    -- Sales: what is sold, no customers.
    ('sal', 'insert into shop.products (name, category, price, supplier_id, stock_quantity) values (''Vase'', ''home'', 3, 9001, 2)', '00000'), ('sal', 'insert into shop.products (name, category, price, supplier_id) values (''Vase'', ''home'', -3, 9001)', '23514'),
    ('sal', 'insert into shop.products (product_id, name, category, price, supplier_id) values (9009, ''Vase'', ''home'', 3, 9001)', '42501'), ('sal', 'update shop.products set price = 11 where product_id = 9001', '00000'),
    ('sal', 'update shop.products set stock_quantity = 7 where product_id = 9001', '42501'), ('sal', 'update shop.products set product_id = 7 where product_id = 9004', '42501'), ('sal', 'delete from shop.products where product_id = 9004', '42501'), ('sal', 'truncate shop.products', '42501'),
    ('sal', 'select shop.remove_product(9004)', '00000'), ('sal', 'select shop.remove_product(-1)', 'EM110'), ('sal', 'insert into shop.product_retirement (product_id) values (9001)', '42501'), ('sal', 'delete from shop.price_history', '42501'),
    ('sal', 'insert into shop.price_history (product_id, price) values (9001, 1)', '42501'), ('sal', 'select changed_by from shop.price_history', '42501'), ('sal', 'select * from shop.customers', '42501'), ('sal', 'select * from shop.orders', '42501'), ('sal', 'select * from shop.order_items', '42501'),
    ('sal', 'select * from shop.product_reviews', '42501'), ('sal', 'select * from shop.sales_transaction', '42501'), ('sal', 'select * from membership.member', '42501'), ('sal', 'select email from shop.suppliers', '42501'), ('sal', 'select shop.advance_order(9002, ''shipped'')', '42501'),
    ('sal', 'update shop.suppliers set lead_time = 1', '42501'), ('sal', 'set role analytics', '42501')
) as t (login, q, state);

-- Masked columns: neither filters nor order nor errors nor plans nor statistics give anything away.
select is(pg_temp.value_as('ana', q), value, q)
from (values
    ('select count(*) from analytics.customers where last_name = ''Ashby''', '0'), ('select count(*) from analytics.customers where last_name like ''A%''', '0'), ('select count(*) from analytics.customers where last_name is not null or first_name is not null or phone_number is not null', '0'),
    ('select count(*) from analytics.customers where email = ''ann.ashby@alpha.com'' or email like ''ann%''', '0'), ('select count(*) from analytics.customers where email = ''alpha.com''', '1'), ('select count(*) from analytics.customers where age = 33', '0'),
    ('select count(*) from analytics.customers where postal_code > ''24''', '1'), ('select count(*) from analytics.customers where last_login_date = ''2024-06-07 00:00:00+00''', '1'), ('select count(*) from analytics.orders where shipping_address is not null', '0'),
    ('select count(*) from analytics.member where membership_id like ''Ashby%'' or plain_id is not null', '0'), ('select count(*) from analytics.member where date_of_birth = ''1990-05-17''', '0'), ('select count(*) from analytics.member where mobile_no is not null or last_name is not null', '0'),
    ('select count(*) from analytics.customer_member where membership_id like ''Ashby%''', '0'), ('select count(*) from analytics.sales_transaction where membership_id like ''Ashby%''', '0'), ('select count(*) from analytics.product_reviews where review_text is not null', '0'),
    ('select count(*) from analytics.suppliers where coalesce(contact_name, email, phone) is not null', '0'), ('select count(*) from analytics.order_status_history where changed_by is not null', '0'),
    ('select string_agg(customer_id::text, '','' order by last_name, first_name, phone_number, customer_id desc) from analytics.customers where customer_id > 9000', '9003,9002,9001'),
    ('select count(*) from pg_stats where schemaname in (''shop'', ''membership'', ''staging'', ''ops'', ''privacy'')', '0')
) as t (q, value);
select is((pg_temp.attempt('ana', 'select email::integer from analytics.customers where customer_id = 9001')).message, 'invalid input syntax for type integer: "alpha.com"', 'an error names the masked value');
select is((pg_temp.attempt('ana', 'select membership_id::integer from analytics.member where membership_id = (select member_key::text from analytics.member limit 1)')).message ~ 'Ashby|Birch', false, 'of a membership_id, too');
create function pg_temp.plan_as(p_login text, p_sql text) returns text language plpgsql as $$
declare
    v_line text;
    v_plan text := '';
begin
    perform set_config('session_authorization', p_login, true);
    for v_line in execute 'explain (analyze, verbose, costs off, timing off, summary off) ' || p_sql loop
        v_plan := v_plan || v_line || E'\n';
    end loop;
    perform set_config('session_authorization', 'postgres', true);
    return v_plan;
end
$$;
select unalike(pg_temp.plan_as('ana', 'select * from analytics.sales_transaction join analytics.customers on true where age > 1'), '%Ashby%', 'a plan shows no values');

-- The membership_id: in clear for who may, the same stable key elsewhere.
select is(pg_temp.value_as('ana', 'select count(*) from analytics.sales_transaction s join analytics.customer_member c using (membership_id) join analytics.member m using (membership_id) where m.member_key::text = membership_id'), '4', 'the key is one in every view');
select is(pg_temp.value_as('lou', 'select membership_id from shop.sales_transaction where order_id = 9001'), (select member_key::text from membership.member where last_name = 'Ashby'), 'logistics sees the key');
select is(pg_temp.value_as('ana', 'select membership_id from analytics.sales_transaction where order_id = 9001'), (select member_key::text from membership.member where last_name = 'Ashby'), 'analytics, too');
select is(pg_temp.value_as('max', 'select membership_id from analytics.sales_transaction where order_id = 9001'), (select membership_id from membership.member where last_name = 'Ashby'), 'who may read members sees it in clear');
select is(pg_temp.value_as('max', 'select membership_id from analytics.customer_member where customer_id = 9001'), (select membership_id from membership.member where last_name = 'Ashby'), 'in each view');
set local role membership_reader;
select membership_id as clear from shop.sales_transaction where order_id = 9001 \gset
reset role;
select is(:'clear'::text, (select membership_id from membership.member where last_name = 'Ashby'), 'as membership_reader does');

-- Sales transactions.
select is(pg_temp.value_as('lou', 'select string_agg(order_id::text, '','' order by order_id) from shop.sales_transaction where order_id > 9000'), '9001,9002,9003,9005', 'orders of members, all of them');
select is(pg_temp.value_as('lou', 'select items_bought from shop.sales_transaction where order_id = 9001'),
    '[{"quantity": 2, "item_name": "Lamp", "product_id": 9001}, {"quantity": 1, "item_name": "Chair", "product_id": 9002}]', 'what was bought');
select is(pg_temp.value_as('lou', 'select concat_ws('' '', total_items_price, total_items_weight, currency) from shop.sales_transaction where order_id = 9001'), '60 9.0 EUR', 'for how much, how heavy');
select is(pg_temp.value_as('lou', 'select total_items_weight::text from shop.sales_transaction where order_id = 9003'), null, 'an unknown weight makes the sum unknown');
select is(pg_temp.value_as('lou', 'select concat_ws('' '', items_bought, total_items_price, total_items_weight) from shop.sales_transaction where order_id = 9005'), '[] 0 0', 'an order without items weighs nothing');

-- Rows: logistics sees what is or was to be fulfilled.
select is(pg_temp.value_as('lou', 'select string_agg(shipping_address, '', '' order by order_id) from shop.orders where order_id > 9000'), 'Paid Street 2, Shipped Street 3, Delivered Street 4', 'addresses of orders that are fulfilled');
select is(pg_temp.value_as('lou', 'select count(*) from shop.orders where status in (''pending'', ''cancelled'')'), '0', 'none else');
select is(pg_temp.value_as('ana', 'select count(*) from analytics.orders where order_id > 9000'), '5', 'analytics sees them all, without addresses');
set local role privacy;
select count(*) as orders from shop.orders where order_id > 9000 \gset
reset role;
select is(:orders, 5, 'privacy, too');

-- What sales changes is recorded.
set local session authorization sal;
update shop.products set price = 12 where product_id = 9001;
insert into shop.products (name, category, price, supplier_id, stock_quantity) values ('Vase', 'home', 3, 9001, 2);
select shop.remove_product(9001) as sold, shop.remove_product(9004) as unsold \gset
select count(*) as items from shop.item where product_id in (9001, 9004) \gset
reset session authorization;
select is((select string_agg(price::text, ' ' order by price_change_id) || ' by ' || max(changed_by) filter (where price = 12) from shop.price_history where product_id = 9001), '10 12 by sal', 'a price change is recorded');
select is((select count(*) from shop.price_history h join shop.products p using (product_id) where p.name = 'Vase' and h.price = 3), 1::bigint, 'so is the first price');
select is(:'sold' || ' ' || :'unsold', 'retired deleted', 'what was sold is retired, what was not is deleted');
select is(:items, 0, 'and neither is for sale');
select ok(exists (select from shop.products where product_id = 9001) and not exists (select from shop.products where product_id = 9004), 'history keeps its product');

-- Shadowing: temporary tables and functions in front of what the teams' definer functions read.
grant temporary on database :"DBNAME" to lou, sal;
grant usage on language plpgsql to lou, sal;
set local session authorization lou;
set local search_path = pg_temp, public;
create temporary table orders (order_id bigint, status text);
create temporary table order_status_transition as select 'pending'::text as from_status, 'shipped'::text as to_status, 'logistics'::text as team;
create temporary table products (product_id bigint, stock_quantity integer);
create temporary table stock_movement (product_id bigint, quantity integer, reason text, note text);
create function pg_temp.format(text, variadic text[]) returns text language plpgsql as $$ begin raise exception using errcode = 'ZZ666'; end $$;
create function pg_temp.clock_timestamp() returns timestamptz language plpgsql as $$ begin raise exception using errcode = 'ZZ666'; end $$;
reset session authorization;
select is((pg_temp.attempt('lou', 'select shop.advance_order(9001, ''shipped'')')).state, 'EM101', 'a false table of steps is not read');
set local session authorization lou;
select shop.advance_order(9002, 'shipped') as done \gset
select shop.receive_stock(9002, 5) as stock \gset
select count(*) as false_rows from pg_temp.stock_movement \gset
reset session authorization;
reset search_path;
select is((select status::text from shop.orders where order_id = 9002), 'shipped', 'the true order went on');
select is(:stock || ' ' || :false_rows, '103 0', 'the true stock moved');
select * from finish();
rollback;
