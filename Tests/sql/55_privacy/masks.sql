-- The masks one by one, and the making of the views.
begin;
\ir ../support.psql
select * from no_plan();
\ir ../roles/people.psql

-- What an analyst sees of a person.
set local role analytics;
select to_jsonb(c) as customer from analytics.customers c where customer_id = 9001 \gset
select to_jsonb(c) as empty from analytics.customers c where customer_id = 9003 \gset
select to_jsonb(m) - '{run_id,batch_id,created_at}'::text[] as member from analytics.member m where email = 'alpha.com' \gset
select to_jsonb(s) as supplier from analytics.suppliers s where supplier_id = 9001 \gset
select to_jsonb(r) - '{review_id,review_date}'::text[] as review from analytics.product_reviews r where product_id = 9001 \gset
reset role;
select is(:'customer'::jsonb - 'registration_date' - 'last_login_date', '{"customer_id": 9001, "first_name": null, "last_name": null, "age": 30, "email": "alpha.com", "country": "DE", "city": "Kiel", "postal_code": "24", "phone_number": null}', 'a customer');
select is((:'customer'::jsonb ->> 'registration_date')::timestamptz, '2024-01-02 03:04:05+00', 'when registered');
select is((:'customer'::jsonb ->> 'last_login_date')::timestamptz, '2024-06-07 00:00:00+00', 'the day of the last login, by UTC');
select is(:'empty'::jsonb - 'registration_date', '{"customer_id": 9003, "first_name": null, "last_name": null, "age": null, "email": null, "country": null, "city": null, "postal_code": null, "phone_number": null, "last_login_date": null}', 'what is unknown stays so');
select is(:'member'::jsonb, (select jsonb_build_object('membership_id', member_key, 'member_key', member_key, 'plain_id', null, 'ordinal', null, 'first_name', null, 'last_name', null, 'email', 'alpha.com',
    'date_of_birth', '1990-01-01', 'mobile_no', null, 'above_18', true, 'policy_version', 1, 'position', null, 'line', null) from membership.member where last_name = 'Ashby'), 'a member');
select is(:'supplier'::jsonb, '{"supplier_id": 9001, "company_name": "Works", "contact_name": null, "email": null, "phone": null, "country": "DE", "lead_time": 3}', 'a supplier');
select is(:'review'::jsonb, '{"product_id": 9001, "customer_id": 9003, "rating": 5, "review_text": null}', 'a review');
select set_eq($$select column_name::text from information_schema.columns where table_schema = 'analytics' and table_name = 'reject'$$,
    '{received_on,batch_id,position,disposition,severity,codes}'::text[], 'of rejects no bytes and no reasons, which may quote them');
select is(privacy.masked_expression('x', 'no such mask', 'text', 't.k'), null, 'an unknown mask has no expression');
select is_empty($$select mask from (select distinct mask from privacy.column_class) m where mask <> 'omit' and privacy.masked_expression('x', mask, 'text', 't.k') is null$$, 'every known one has');

-- The shape is the table's: the same columns, less those omitted, in the same order.
select is_empty($$
    select k.table_name, k.column_name from privacy.column_class k
    left join pg_attribute a on a.attrelid = to_regclass(format('analytics.%I', k.table_name)) and a.attname = k.column_name and not a.attisdropped
    where (k.mask <> 'omit') <> (a.attnum is not null) and k.schema_name <> 'analytics'$$, 'a view has the columns that are not omitted');
select is_empty($$select v.oid::regclass from pg_class v where v.relnamespace = 'analytics'::regnamespace and v.relowner = 'masker'::regrole
    and v.relname <> 'sales_transaction' and v.relname not in (select table_name from privacy.column_class where mask <> 'omit')$$, 'there is no other masked view');

-- Making them again.
set local role emporium_owner;
select is_empty('select privacy.make_masked_views()', 'views that are as they should be are left alone');
select is(current_user, 'emporium_owner', 'and the caller is who he was');
update privacy.column_class set mask = 'null' where (schema_name, table_name, column_name) = ('shop', 'customers', 'city');
select set_eq('select privacy.make_masked_views()', $$values ('analytics.customers')$$, 'a changed mask changes its view');
reset role;
select ok(not has_column_privilege('masker', 'shop.customers', 'city', 'select') and has_column_privilege('masker', 'shop.customers', 'country', 'select'), 'and takes the column from masker');
select ok(has_table_privilege('analytics', 'analytics.customers', 'select'), 'analytics still reads it');
select is((select city from analytics.customers where customer_id = 9001), null, 'masked');
select is(col_description('analytics.customers'::regclass, (select attnum from pg_attribute where attrelid = 'analytics.customers'::regclass and attname = 'city')), 'masked: always null', 'and says so');

-- A new column is shown once it is classified; a column whose type changes makes the view anew.
set local role emporium_owner;
alter table shop.customers add column loyalty integer;
select set_eq('select column_name::text from privacy.unclassified', $$values ('loyalty')$$, 'a new column is found');
insert into privacy.column_class values ('shop', 'customers', 'loyalty', 'not_personal', 'clear', '', null);
select set_eq('select privacy.make_masked_views()', $$values ('analytics.customers')$$, 'and shown');
update privacy.column_class set mask = 'omit' where (schema_name, table_name, column_name) = ('shop', 'customers', 'city');
select set_eq('select privacy.make_masked_views()', $$values ('analytics.customers')$$, 'a column that goes makes the view anew');
reset role;
select ok(has_table_privilege('analytics', 'analytics.customers', 'select') and to_regclass('analytics.customers') is not null, 'with its grant');

-- A view that others read is not dropped behind their back.
set local role emporium_owner;
update privacy.column_class set mask = 'omit' where (schema_name, table_name, column_name) = ('shop', 'currency_rate', 'rate');
reset role;
select throws_ok('set local role emporium_owner; select privacy.make_masked_views()', '2BP01', null, 'analytics.daily_rate reads it');
set local role emporium_owner;
update privacy.column_class set mask = 'clear' where (schema_name, table_name, column_name) = ('shop', 'currency_rate', 'rate');
update privacy.column_class set mask = 'omit' where (schema_name, table_name) = ('shop', 'country_alias');
select lives_ok('select privacy.make_masked_views()', 'a table that is no longer shown');
reset role;
select is(to_regclass('analytics.country_alias'), null, 'has no view');

-- Two tables of one name; what the table itself refuses.
set local role emporium_owner;
create table ops.orders (x int);
insert into privacy.column_class values ('ops', 'orders', 'x', 'not_personal', 'clear', '', null);
reset role;
select throws_ok('set local role emporium_owner; select privacy.make_masked_views()', 'EM200', null, 'two tables of one name cannot both be shown');
select throws_ok($$insert into privacy.column_class values ('a', 'b', 'c', 'personal', 'clear', '', '1 year')$$, '23514', null, 'personal data need a purpose');
select throws_ok($$insert into privacy.column_class values ('a', 'b', 'c', 'personal', 'clear', 'x', null)$$, '23514', null, 'and a retention');
select throws_ok($$insert into privacy.column_class values ('a', 'b', 'c', 'not_personal', 'hash', '', null)$$, '23514', null, 'masks are of a list');
select * from finish();
rollback;
