-- A small made-up shop, each property by query.
begin;
\ir ../support.psql
select no_plan();

-- What the catalog says of the tables that are filled; object ids apart, since keys and indexes are made anew.
create view pg_temp.catalog as
select 'constraint' as kind, c.conrelid::regclass::text || '.' || c.conname as name,
    concat_ws('|', pg_get_constraintdef(c.oid), c.convalidated, c.condeferrable, c.condeferred, c.conindid::regclass,
        obj_description(c.oid, 'pg_constraint')) as definition
from pg_constraint c where c.connamespace = 'shop'::regnamespace
union all
select 'index', i.indexrelid::regclass::text, concat_ws('|', pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary, i.indisvalid,
    i.indisclustered, i.indisreplident, obj_description(i.indexrelid, 'pg_class'), c.relowner::regrole)
from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'shop'::regnamespace
union all
select 'trigger', t.tgrelid::regclass::text || '.' || t.tgname, concat_ws('|', pg_get_triggerdef(t.oid), t.tgenabled)
from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'shop'::regnamespace and not t.tgisinternal
union all
select 'foreign key trigger', t.tgrelid::regclass::text || '.' || t.tgfoid::regproc, string_agg(t.tgenabled::text, '')
from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'shop'::regnamespace and t.tgisinternal group by 2
union all
select 'table', c.oid::regclass::text, concat_ws('|', c.relacl, c.relhastriggers, c.relrowsecurity, c.relpersistence, obj_description(c.oid, 'pg_class'))
from pg_class c where c.relnamespace = 'shop'::regnamespace and c.relkind in ('r', 'v', 'S')
union all
select 'column', a.attrelid::regclass || '.' || a.attname, concat_ws('|', a.atttypid::regtype, a.attnotnull, a.attidentity, a.attacl, col_description(a.attrelid, a.attnum))
from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = 'shop'::regnamespace and c.relkind = 'r' and a.attnum > 0;

-- A digest of every row that is made.
create function pg_temp.digest() returns text language plpgsql as $$
declare
    v_table regclass;
    v_part text;
    v_answer text := '';
begin
    foreach v_table in array array['shop.suppliers', 'shop.products', 'shop.customers', 'shop.customer_member', 'shop.orders', 'shop.order_items',
        'shop.order_status_history', 'shop.price_history', 'shop.product_retirement', 'shop.stock_movement', 'shop.currency_rate',
        'shop.product_reviews', 'membership.member']::regclass[] loop
        execute format('select md5(string_agg(t::text, E''\n'' order by t::text)) from %s t', v_table) into v_part;
        v_answer := v_answer || v_table::text || ' ' || coalesce(v_part, 'empty') || E'\n';
    end loop;
    return v_answer;
end
$$;

-- A state that does not come by default must come back, too.
alter table shop.orders disable trigger t500_status_update;
alter table shop.products enable always trigger t500_history_insert;
comment on index shop.orders_order_date_idx is 'a note';
comment on constraint orders_customer_id_fkey on shop.orders is 'another''s note';
comment on constraint order_items_pkey on shop.order_items is 'a third; with a semicolon';
create temp table before on commit drop as select * from pg_temp.catalog;
grant all on before to emporium_owner;

select is(pg_temp.state_as('loader', 'select * from sample.generate(10, 10, 1)'), '42501', 'nobody but the owner makes samples');
select is(pg_temp.state_as('promoter', 'select * from sample.report()'), '42501', 'nor reads the report');
select is(pg_temp.state_as('emporium_owner', 'select * from sample.generate(0, 10, 1)'), 'EM211', 'no customers is refused');
select is(pg_temp.state_as('emporium_owner', 'select * from sample.generate(10, -1, 1)'), 'EM211', 'orders below zero are refused');
select is(pg_temp.state_as('emporium_owner', $$select * from sample.generate(10, 10, null)$$), 'EM211', 'no seed is refused');

-- The same seed twice, another seed, and a shop of one.
create temp table digest (name text, value text) on commit drop;
savepoint a;
select is(pg_temp.state_as('emporium_owner', 'select * from sample.generate(500, 3000, 7)'), '00000', 'a shop is made');
select pg_temp.digest() as first_digest \gset
rollback to a;
select is(pg_temp.state_as('emporium_owner', 'select * from sample.generate(500, 3000, 8)'), '00000', 'a shop of another seed');
select pg_temp.digest() as other_digest \gset
rollback to a;
select is(pg_temp.state_as('emporium_owner', 'select * from sample.generate(1, 1, 1)'), '00000', 'one customer, one order');
select is((select count(*) from shop.orders), 1::bigint, 'one order');
rollback to a;
select is(pg_temp.state_as('emporium_owner', 'select * from sample.generate(3, 0, -5)'), '00000', 'customers without orders');
rollback to a;
select is(pg_temp.state_as('emporium_owner', $$select * from sample.generate(50, 500, 5, '2024-06-17')$$), '00000', 'another end of time');
select ok((select max(order_date) from shop.orders) < '2024-06-17 00:00+00', 'no order from that day on');
rollback to a;

select is(pg_temp.state_as('emporium_owner', 'select * from sample.generate(500, 3000, 7)'), '00000', 'the same shop again');
select is(pg_temp.digest(), :'first_digest', 'the same seed gives the same rows');
select isnt(pg_temp.digest(), :'other_digest', 'another seed gives others');
select isnt(split_part(pg_temp.digest(), E'\n', 5), split_part(:'other_digest', E'\n', 5), 'other orders, too');
select set_eq('select * from pg_temp.catalog', 'select * from before', 'constraints, indexes, triggers and comments are as they were');
select is(pg_temp.state_as('emporium_owner', 'select * from sample.generate(10, 10, 1)'), 'EM210', 'a shop that is not empty is refused');
select is((select sum(n) from (select count(*) as n from sample.customer union all select count(*) from sample.purchase
    union all select count(*) from sample.aside union all select count(*) from sample.product) x), 0::numeric, 'the work tables are empty again');

-- Rules of the shop.
select is_empty('select * from shop.order_fault', 'items, totals and decimals of every order');
select is_empty('select * from shop.stock_fault', 'stock is what movements and orders leave');
select is_empty('select * from sample.review_fault', 'reviews are by buyers, after the delivery');
select is((select count(*) from shop.orders), 3000::bigint, 'as many orders as asked for');
select is((select count(*) from shop.customers), 500::bigint, 'as many customers');
select is_empty('select order_id from shop.orders except select order_id from shop.order_items', 'no order without items');
select is_empty('select order_id, product_id from shop.order_items group by 1, 2 having count(*) > 1', 'no product twice in an order');
select is_empty($$select o.order_id from shop.orders o join shop.customers c using (customer_id) where o.order_date < c.registration_date$$, 'nobody orders before registering');
select is_empty($$select customer_id from shop.customers where last_login_date < registration_date$$, 'nobody logs in before registering');
select is_empty($$select o.order_id from shop.orders o join shop.customers c using (customer_id) where c.last_login_date is null or c.last_login_date < o.order_date$$,
    'whoever orders has logged in');
select is_empty($$select order_id from shop.orders where order_date >= '2026-01-01 00:00+00'$$, 'nothing happens after the end');
select is_empty($$select order_id from shop.order_status_history where changed_at >= '2026-01-01 00:00+00'$$, 'nor to an order');

-- Stock never was below zero, at any point of time.
create temp table stock_event on commit drop as
select product_id, moved_at as at, quantity::bigint as quantity from shop.stock_movement
union all
select i.product_id, o.order_date, -i.quantity from shop.order_items i join shop.orders o using (order_id)
union all
select i.product_id, h.changed_at, i.quantity
from shop.order_items i join shop.order_status_history h on h.order_id = i.order_id and h.status in ('cancelled', 'returned');
select is_empty($$select product_id, at from (
    select product_id, at, sum(quantity) over (partition by product_id order by at, quantity) as stock from stock_event) s where stock < 0$$,
    'stock never fell below zero');
select is_empty($$select product_id from shop.products join (select product_id, sum(quantity) as stock from stock_event group by 1) s using (product_id)
    where s.stock <> stock_quantity$$, 'and ends as the products say');
select ok((select count(*) from shop.stock_movement where reason = 'receipt') > 200, 'stock is replenished');
select ok((select count(*) from shop.products where stock_quantity between 0 and 3) > 0, 'something is nearly sold out');

-- Status and its history.
select is_empty($$select order_id from shop.orders o where status is distinct from (
    select h.status from shop.order_status_history h where h.order_id = o.order_id order by changed_at desc, status desc limit 1)$$, 'the last status is the order''s');
select is_empty($$select 1 from (select status, lag(status) over (partition by order_id order by changed_at, status) as before from shop.order_status_history) h
    left join shop.order_status_transition t on t.from_status = h.before and t.to_status = h.status where h.before is not null and t.to_status is null$$,
    'each step is one that may be made');
select is_empty($$select order_id from shop.orders o where not exists (
    select from shop.order_status_history h where h.order_id = o.order_id and h.status = 'pending' and h.changed_at = o.order_date)$$, 'every order begins pending');
select ok((select count(*) filter (where status = 'cancelled') * 100.0 / count(*) between 2 and 6
    and count(*) filter (where status = 'returned') * 100.0 / count(*) between 1.5 and 5 from shop.orders), 'some are cancelled, some returned');
select ok((select min(order_date) > '2025-11-20' from shop.orders where status in ('pending', 'paid', 'shipped')), 'only late orders are open');

-- Prices.
select is_empty($$select i.order_id, i.product_id
    from shop.order_items i
    join shop.orders o using (order_id)
    join shop.currency c on c.currency = o.currency
    cross join lateral (select rate from shop.currency_rate r where r.currency = o.currency and r.valid_from <= (o.order_date at time zone 'UTC')::date
        order by valid_from desc limit 1) r
    cross join lateral (select price from shop.price_history h where h.product_id = i.product_id and h.changed_at <= o.order_date order by changed_at desc limit 1) p
    where abs(i.unit_price - p.price / r.rate) > 0.5001 * power(10::numeric, -c.minor_units)$$, 'lines cost what the product did that day, at that day''s rate');
select is_empty($$select product_id from shop.products p where price is distinct from (
    select price from shop.price_history h where h.product_id = p.product_id order by changed_at desc limit 1)$$, 'the last price in history is the product''s');
select is_empty($$select order_id from shop.order_items where discount_amount > quantity * unit_price$$, 'no discount beyond the price');
select is_empty($$select i.order_id from shop.order_items i join shop.orders o using (order_id) join shop.product_retirement r using (product_id)
    where o.order_date >= r.retired_at$$, 'what has retired is not ordered');
select is_empty($$select o.order_id from shop.orders o join shop.customers c using (customer_id) join sample.country_words() w using (country)
    where w.currency <> o.currency$$, 'customers pay in their country''s currency');

-- Customers.
select is_empty($$select c.customer_id from shop.customers c join shop.country k using (country)
    where not starts_with(c.phone_number, '+' || k.calling_code)$$, 'phone and country agree');
select is_empty($$select customer_id from shop.customers c where not exists (
    select from sample.city_words() w cross join unnest(w.postal_patterns) p
    where w.country = c.country and w.city = c.city and c.postal_code ~ ('^' || replace(replace(p, '#', '[0-9]'), '@', '[A-Z]') || '$'))$$,
    'city, postal code and country agree');
select is_empty($$select customer_id from shop.customers c where not exists (
    select from sample.country_words() w join sample.name_words() f on f.language = w.language and c.first_name = any (f.words)
    join sample.name_words() l on l.language = w.language and c.last_name = any (l.words)
    where w.country = c.country and f.kind in ('woman', 'man') and l.kind in ('last', 'last_' || f.kind))$$, 'names fit the country');
select is_empty($$select lower(email) from shop.customers group by 1 having count(*) > 1$$, 'everybody has an address of their own');
select is_empty($$select email from shop.customers where email !~ '^[a-z.]+[0-9]+@([a-z]+\.)?example\.(com|net|org)$'$$, 'which nobody else has: the names are reserved');
select is_empty($$select c.customer_id from shop.customers c join shop.customer_member l using (customer_id) join membership.member m using (membership_id)
    where c.age is distinct from extract(year from age((c.registration_date at time zone 'UTC')::date, m.date_of_birth))
        or lower(m.email) <> lower(c.email) or m.last_name <> c.last_name$$, 'age agrees with the member''s birthday');
select ok((select count(*) between 100 and 200 from shop.customer_member), 'three in ten are members');
select ok((select count(*) = 14 from (select country from shop.customers group by country) c), 'from fourteen countries');

-- Distributions.
select ok((select avg(n) between 2.7 and 3.2 and max(n) <= 8 and count(distinct n) >= 7 from (select count(*) as n from shop.order_items group by order_id) b), 'baskets of three, up to eight');
select ok((select count(*) filter (where n = 0) > 50 and count(*) filter (where n > 1) > 250 and max(n) > 30 from (
    select count(o.order_id) as n from shop.customers c left join shop.orders o using (customer_id) group by c.customer_id) b), 'some never buy, most again, a few very often');
select ok((select bool_and(n > 2 * ordinary) from (
    select d.n, (select avg(e.n) from (select order_date::date as day, count(*) as n from shop.orders group by 1) e where e.day between d.day - 40 and d.day - 7) as ordinary
    from (select order_date::date as day, count(*) as n from shop.orders group by 1) d
    where d.day in ('2024-11-29', '2025-11-28')) b), 'Black Friday sells more than twice an ordinary day');
select results_eq($$select sample.black_friday(y) from generate_series(2022, 2028) y$$,
    $$values (date '2022-11-25'), ('2023-11-24'), ('2024-11-29'), ('2025-11-28'), ('2026-11-27'), ('2027-11-26'), ('2028-11-24')$$, 'Black Friday of each year');
select ok((select count(*) filter (where extract(month from order_date) in (11, 12)) > 1.2 * count(*) filter (where extract(month from order_date) in (6, 7)) from shop.orders), 'more before Christmas than in summer');
select ok((select count(*) filter (where h between 18 and 21) > 4 * count(*) filter (where h between 1 and 4) from (
    select extract(hour from order_date at time zone 'Europe/Berlin') as h from shop.orders) o), 'more in the evening than at night');
select ok((select count(*) filter (where d in (7, 1)) > 1.1 * count(*) filter (where d in (5, 6)) from (
    select extract(isodow from order_date at time zone 'Europe/Berlin') as d from shop.orders) o), 'Sundays and Mondays are busier than Fridays and Saturdays');
select ok((select count(*) filter (where order_date >= '2025-01-01') > 1.3 * count(*) filter (where order_date < '2024-01-01') from shop.orders), 'the shop grows');
select ok((select count(*) filter (where both_in) * count(*)::numeric / nullif(count(*) filter (where a) * count(*) filter (where b), 0) > 1.5 from (
    select bool_or(p.subcategory = 'Coffee machines') as a, bool_or(p.subcategory = 'Coffee beans') as b,
        bool_or(p.subcategory = 'Coffee machines') and bool_or(p.subcategory = 'Coffee beans') as both_in
    from shop.order_items i join shop.products p using (product_id) group by i.order_id) o), 'coffee beans go with coffee machines');
select ok((select min(value) > 3 from sample.report() where chart = 'lift of the pairs bought most'), 'the pairs bought most are no accident');
select ok((select count(distinct rating) = 5 and avg(rating) between 3 and 4.7 and count(*) > 300 from shop.product_reviews), 'ratings of all kinds');

-- The hash: evenly spread, and what one row gives says nothing of another.
select ok((select max(abs(n - 1000)) < 160 from (select width_bucket(sample.uniform(sample.hash(1, g, 1)), 0, 1, 100) as b, count(*) as n
    from generate_series(1, 100000) g group by 1) h), 'evenly spread');
select ok((select abs(corr(sample.uniform(sample.hash(1, g, 1)), sample.uniform(sample.hash(1, g + 1, 1)))) < 0.01
    and abs(corr(sample.uniform(sample.hash(1, g, 1)), sample.uniform(sample.hash(1, g, 2)))) < 0.01
    and abs(corr(sample.uniform(sample.hash(1, g, 1)), sample.uniform(sample.hash(2, g, 1)))) < 0.01 from generate_series(1, 100000) g),
    'neighbours, purposes and seeds do not correlate');
select is(sample.hash(1, 2, 3), sample.hash(1, 2, 3), 'the same again');

-- The report.
select results_eq('select distinct chart from sample.report() order by 1',
    $$values ('Black Friday'), ('customers by country'), ('lift of the pairs bought most'), ('orders by hour'), ('orders by month'), ('orders by status'),
    ('orders by weekday'), ('orders of a customer'), ('products in an order'), ('ratings')$$, 'every chart is in the report');
select is((select sum(value) from sample.report() where chart = 'orders by month'), 3000::numeric, 'and its bars add up');
-- The shop works on: identities continue, triggers fire.
select lives_ok($$insert into shop.suppliers (company_name, country, lead_time) values ('Next', 'DE', 1)$$, 'the next supplier has a number of its own');

-- A second sample where the members of the first are there still.
savepoint b;
select count(*) as members from membership.member \gset
truncate shop.suppliers, shop.products, shop.customers, shop.customer_member, shop.orders, shop.order_items, shop.order_status_history,
    shop.price_history, shop.product_retirement, shop.stock_movement, shop.product_reviews, shop.order_due cascade;
select is(pg_temp.state_as('emporium_owner', 'select * from sample.generate(500, 3000, 7)'), '00000', 'the shop is made again beside its members');
select is((select count(*) from membership.member), :members::bigint, 'who are not doubled');
select is((select count(*) from shop.customer_member), :members::bigint, 'but linked');
rollback to b;
savepoint c;
truncate shop.suppliers, shop.products, shop.customers, shop.customer_member, shop.orders, shop.order_items, shop.order_status_history,
    shop.price_history, shop.product_retirement, shop.stock_movement, shop.product_reviews, shop.order_due cascade;
select is(pg_temp.state_as('emporium_owner', 'select * from sample.generate(200, 1000, 9223372036854775807)'), '00000', 'the largest seed');
select is_empty('select * from shop.order_fault union all select null, product_id::text from shop.stock_fault', 'keeps the rules, too');
rollback to c;
select is((select max(greatest(scale(i.unit_price), scale(i.discount_amount), scale(i.total_price))) from shop.order_items i), 2, 'no amount is printed with more decimals than it has');
-- The last test must not be rolled back: pgTAP counts by it.
select is((select count(*) from shop.orders), 3000::bigint, 'the first shop is as it was');

select * from finish();
rollback;
