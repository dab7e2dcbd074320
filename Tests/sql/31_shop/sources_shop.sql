-- What of an order system's records becomes of the shop: mapping, any order, twice, late, changed, removed; findings; stock.
begin;
\ir ../support.psql
\ir sources.psql
select * from no_plan();
select pg_temp.add_source();
create temp table sent (place integer generated always as identity, feed text, records text[]);
insert into sent (feed, records) values
    ('customers', '{"11,Ann,Ash,ann@ash.example.com,+4915112345678,,Berlin,10115,DE,2024-01-01","12,Bob,Birch,nope,,,,,,"}'),
    ('employees', '{"3,Eve,Elm,Clerk,,2020-01-01"}'),
    ('products', '{"7,Mug,Kitchen,10.00,4,100,0","8,Pot,Kitchen,30,,5,0","9,Pan,Kitchen,20,,0,1"}'),
    ('orders', '{"1,11,3,2025-01-05,2025-01-06,2025-01-07,shipped,card","2,12,,2025-01-06 13:14:15,,,new,","10,12,,2025-01-05,,,cancelled,","3,11,,2025-02-01,2025-01-30,,paid,","4,99,,2025-02-01,,,new,","5,11,,2025-02-02 10:00:00,2025-02-02 09:59:59,2025-02-01,delivered,","6,11,,2025-02-03,2025-02-03,2025-02-04,returned,","13,11,,2025-02-03,,,new,","14,11,,2025-02-03,,,new,"}'),
    ('order_details', '{"1,1,7,2,10.00,1.50","1,2,7,1,12.00,","1,3,9,1,20.00,","2,1,8,3,5.00,0","10,1,8,1,5.00,","4,1,7,1,10,","5,1,7,1,10,","6,1,7,9,10,","9,1,7,1,1,0","13,1,77,1,1,","13,2,7,1,1,","14,1,7,1000000,1,","14,2,7,1,1,"}');

select is((select string_agg(pg_temp.take(feed, records), ' ') from (select * from sent order by place offset 0) s), '2/0/0 1/0/0 3/0/0 9/0/0 13/0/0', 'all is accepted');
select is((select count(*) from shop.orders) + (select count(*) from shop.customers), 0::bigint, 'and nothing is in the shop until it is assembled');
select is(pg_temp.assemble(), '{"customers": 2, "products": 3, "orders": 5, "lines": 7, "findings_open": 11}', 'then what is complete is');
select is(pg_temp.findings(), '{email_unusable customer 12,line_without_order order 9 line 1,line_without_product order 13 line 1,order_too_large order 14,order_without_customer order 4,order_without_lines order 3,paid_before_placed order 3,paid_before_placed order 5,product_twice order 1,product_twice order 14,shipped_before_placed order 5}'::text[] || '{}'::text[], 'and what is wrong is found');
select is((select array_agg(s.source_key order by o.order_id) from shop.orders o join shop.source_orders s using (order_id)), '{1,10,2,5,6}', 'numbered by day and key');
select is((select (o.total_amount, o.status, o.payment_method, o.currency, o.order_date, o.shipping_address)::text from shop.orders o join shop.source_orders s using (order_id) where source_key = '1'),
    '(50.50,shipped,card,EUR,"2025-01-05 00:00:00+00",)', 'an order');
select is((select array_agg((p.name, i.quantity, i.unit_price, i.discount_amount, i.total_price)::text order by p.name) from shop.order_items i join shop.source_orders s using (order_id) join shop.products p using (product_id) where s.source_key = '1'),
    '{"(Mug,3,12.00,5.50,30.50)","(Pan,1,20.00,0.00,20.00)"}', 'a product in two lines is one item, of the highest price and the same total');
select is((select array_agg((h.status, h.changed_at)::text order by h.status) from shop.order_status_history h join shop.source_orders s using (order_id) where s.source_key = '1'),
    '{"(pending,\"2025-01-05 00:00:00+00\")","(paid,\"2025-01-06 00:00:00+00\")","(shipped,\"2025-01-07 00:00:00+00\")"}', 'the history is what the source says');
select is((select array_agg(concat_ws(' ', s.source_key, h.status, h.changed_at) order by s.source_key, h.status) from shop.order_status_history h join shop.source_orders s using (order_id) where s.source_key in ('10', '5', '6')),
    '{10 pending 2025-01-05 00:00:00+00,5 pending 2025-02-02 09:00:00+00,5 paid 2025-02-02 08:59:59+00,5 shipped 2025-02-01 00:00:00+00,6 pending 2025-02-03 00:00:00+00,6 paid 2025-02-03 00:00:00+00,6 shipped 2025-02-04 00:00:00+00}', 'and no more: when it was cancelled or delivered is not known');
select is((select array_agg(s.source_key order by s.source_key) from shop.order_without_time join shop.source_orders s using (order_id)), '{1,10,6}', 'orders of which only the day is known');
select is(pg_temp.stock_of(), '7:100 8:5 9:0', 'stock is what the source says, after all its orders');
select is((select array_agg(concat_ws(' ', m.reason, m.quantity) order by m.movement_id) from shop.stock_movement m join shop.source_products using (product_id) where source_key = '7'), '{opening 100,adjustment 4}', 'pieces that orders hold are booked: not those that were cancelled or returned');
select is((select array_agg(c.registration_date order by c.customer_id) from shop.customers c), '{2024-01-01 00:00:00+00,2025-01-05 00:00:00+00}', 'who has no day of registration is there since the first order');
select is((select r.retired_by from shop.product_retirement r join shop.source_products s using (product_id) where s.source_key = '9'), 'source_demo', 'what is discontinued is retired');
select is(pg_temp.faults(), 0::bigint, 'stock, totals and books hold');
create temp table first as select pg_temp.shop_of() as shop;

-- The same again changes nothing: neither the shop, nor stock, nor history.
create temp table count_before as select (select count(*) from shop.stock_movement) + (select count(*) from shop.order_status_history) + (select count(*) from quality.finding) + (select count(*) from shop.price_history) + (select count(*) from shop.source_version) as n;
select is(pg_temp.assemble(), '{"customers": 0, "products": 0, "orders": 0, "lines": 0, "findings_open": 11}', 'assembled again');
select is((select string_agg(pg_temp.take(feed, records), ' ') from (select * from sent order by place offset 0) s), '0/0/2 0/0/1 0/0/3 0/0/9 0/0/13', 'loaded again, all are duplicates');
select is(pg_temp.assemble(), '{"customers": 0, "products": 0, "orders": 0, "lines": 0, "findings_open": 11}', 'and nothing is to do');
select is(pg_temp.shop_of(), (select shop from first), 'the shop is the same');
select is((select (select count(*) from shop.stock_movement) + (select count(*) from shop.order_status_history) + (select count(*) from quality.finding) + (select count(*) from shop.price_history) + (select count(*) from shop.source_version)), (select n from count_before), 'and so is all that is written beside it');

-- Another source with the same keys, in another order of files, assembled after each.
select pg_temp.add_source('other');
select is((select string_agg(pg_temp.take(feed, records, 'other') || ':' || coalesce(pg_temp.assemble('other') ->> 'orders', '-'), ' ') from (select * from sent order by place desc offset 0) s),
    '13/0/0:0 9/0/0:0 3/0/0:0 1/0/0:0 2/0/0:5', 'details before orders before products before customers');
select is(pg_temp.shop_of('other'), (select shop from first), 'come to the same shop');
select is(pg_temp.findings('other'), pg_temp.findings('demo'), 'and the same findings');
select is((select count(distinct customer_id) from shop.source_customers), 4::bigint, 'whose customers are others');
select is(pg_temp.stock_of('other'), '7:100 8:5 9:0', 'and whose stock is its own');
select is((select array_agg(concat_ws(' ', feed, code, record) order by finding_id) from quality.finding where source = 'other' and resolved_at is not null), '{source.orders feed_missing orders,source.products feed_missing products,source.customers feed_missing customers}', 'while nothing of a feed had come, that was one finding');
select is(pg_temp.faults(), 0::bigint, 'all holds');
select is(pg_temp.shop_of('demo'), (select shop from first), 'the first source is as it was');

-- Late and changed: a line, a customer, an order's lines, a status by two steps, a price, a time; and twice in a file the last wins.
select is(pg_temp.take('order_details', '{"1,4,8,2,30.00,","3,1,8,1,30.00,"}') || ' ' || pg_temp.take('customers', '{"99,Cy,Cox,,,,,,,","12,Bob,Birch,first@b.example.com,,,,,,","12,Bob,Birch,bob@b.example.com,,,,,,"}') || ' '
    || pg_temp.take('orders', '{"2,12,,2025-01-06 13:14:15,2025-01-07,2025-01-08 10:00:00,shipped,paypal"}') || ' ' || pg_temp.take('products', '{"7,Big mug,Kitchen,11.00,4,90,0","9,Pan,Kitchen,20,,3,0"}'), '2/0/0 3/0/0 1/0/0 2/0/0', 'late lines and customers, changes');
select is(pg_temp.assemble() - '{findings_open}'::text[], '{"customers": 2, "products": 2, "orders": 4, "lines": 7}', 'are taken');
select is((select o.total_amount::numeric from shop.orders o join shop.source_orders s using (order_id) where source_key = '1' and source = 'demo'), 110.50, 'the late line is in the order and its total');
select is((select (o.status, o.payment_method)::text from shop.orders o join shop.source_orders s using (order_id) where source_key = '2' and source = 'demo'), '(shipped,paypal)', 'an order went on by two steps');
select is((select array_agg(concat_ws(' ', h.status, h.changed_at) order by h.status) from shop.order_status_history h join shop.source_orders s using (order_id) where source_key = '2' and source = 'demo'),
    '{pending 2025-01-06 12:14:15+00,paid 2025-01-07 00:00:00+00,shipped 2025-01-08 09:00:00+00}', 'with the source''s times');
select is((select c.email::text from shop.customers c join shop.source_customers using (customer_id) where source = 'demo' and source_key = '12'), 'bob@b.example.com'::text, 'of two versions in a file the last stands');
select is((select count(*) from shop.source_version where source = 'demo' and source_key = '12' and feed = 'source.customers'), 3::bigint, 'and each was booked');
select is((select array_agg((p.name, p.price)::text order by p.product_id) from shop.products p join shop.source_products using (product_id) where source = 'demo' and source_key in ('7', '9')), '{"(\"Big mug\",11.00)","(Pan,20)"}', 'products change');
select is((select array_agg(h.price order by h.price_change_id) from shop.price_history h join shop.source_products using (product_id) where source = 'demo' and source_key = '7'), '{10.00,11.00}', 'their prices have a history');
select is((select count(*) from shop.product_retirement join shop.source_products using (product_id) where source = 'demo'), 0::bigint, 'what is sold again is no longer retired');
select is(pg_temp.stock_of('demo'), '7:90 8:5 9:3', 'stock is what the source says now, and what it was where it says nothing new');
select is(pg_temp.findings(), '{line_without_order order 9 line 1,line_without_product order 13 line 1,order_too_large order 14,paid_before_placed order 3,paid_before_placed order 5,product_twice order 1,product_twice order 14,shipped_before_placed order 5}', 'what was mended is found no longer');
select is((select array_agg(code || ' ' || record order by code) from quality.finding where source = 'demo' and resolved_run is not null), '{email_unusable customer 12,order_without_customer order 4,order_without_lines order 3}', 'and was resolved, not deleted');
select is(pg_temp.faults(), 0::bigint, 'all holds');

-- A line changes its product, its number of pieces; a line moves between orders.
select is(pg_temp.take('order_details', '{"1,3,8,5,4.00,1.00","2,1,8,1,5.00,0"}'), '2/0/0', 'lines change');
select is(pg_temp.assemble() ->> 'orders', '2', 'and so do their orders');
select is((select array_agg((p.name, i.quantity, i.unit_price, i.discount_amount, i.total_price)::text order by p.name) from shop.order_items i join shop.source_orders s using (order_id) join shop.products p using (product_id) where s.source_key = '1' and source = 'demo'),
    '{"(\"Big mug\",3,12.00,5.50,30.50)","(Pot,7,30.00,131.00,79.00)"}', 'an item goes, another has two lines now');
select is(pg_temp.stock_of('demo') || pg_temp.faults(), '7:90 8:5 9:30', 'the stock is the source''s, all holds');

-- What the shop does not allow.
select is(pg_temp.take('orders', '{"1,11,3,2025-01-05,,,new,card","2,11,,2025-01-06 13:14:15,2025-01-07,2025-01-08 10:00:00,shipped,paypal","6,11,,2025-02-03,2025-02-03,2025-02-04,delivered,"}'), '3/0/0', 'back to new, another customer, delivered after returned');
select is(pg_temp.assemble() ->> 'orders', '0', 'is not taken');
select is((select array_agg(record order by record) from quality.finding where source = 'demo' and code = 'order_changed' and resolved_at is null), '{order 1,order 2,order 6}', 'and is found');
select is((select array_agg((o.status, o.customer_id = c.customer_id)::text order by s.source_key) from shop.orders o join shop.source_orders s using (order_id) join shop.source_customers c on c.source = 'demo' and c.source_key = '12' where s.source = 'demo' and s.source_key in ('1', '2')), '{"(shipped,f)","(shipped,t)"}', 'the orders are as they were');
select is(pg_temp.take('orders', '{"1,11,3,2025-01-05,2025-01-06,2025-01-07,delivered,card"}'), '1/0/0', 'on again');
select is(pg_temp.assemble() ->> 'orders', '1', 'is taken');
select is((select array_agg(record order by record) from quality.finding where source = 'demo' and code = 'order_changed' and resolved_at is null), '{order 2,order 6}', 'and resolved');

-- A refusal that no rule foresees: a review that would be left without a purchase. The others of the run are taken.
set local role emporium_owner;
insert into shop.product_reviews (product_id, customer_id, rating) select p.product_id, c.customer_id, 5 from shop.source_products p, shop.source_customers c where p.source = 'demo' and p.source_key = '8' and c.source = 'demo' and c.source_key = '11';
reset role;
select is(pg_temp.take('order_details', '{"1,3,7,1,4.00,","1,4,7,1,4.00,","10,1,8,2,5.00,"}'), '3/0/0', 'an order loses what was reviewed, another changes');
select is(pg_temp.assemble() ->> 'orders', '1', 'one is refused, the other is taken');
select ok((select array_agg(record) @> '{order 1}' from quality.finding where source = 'demo' and code = 'order_changed' and resolved_at is null), 'the refused one is found');
select is(pg_temp.stock_of('demo') || pg_temp.faults(), '7:90 8:5 9:30', 'the stock is the source''s, all holds');

-- An order that was removed is not brought back, whatever comes of it.
set local role emporium_owner;
delete from shop.order_without_time where order_id = (select order_id from shop.source_orders where source = 'demo' and source_key = '5');
delete from shop.order_items where order_id = (select order_id from shop.source_orders where source = 'demo' and source_key = '5');
delete from shop.orders where order_id = (select order_id from shop.source_orders where source = 'demo' and source_key = '5');
set constraints all immediate;
set constraints all deferred;
reset role;
select is(pg_temp.take('orders', '{"5,11,,2025-02-02 10:00:00,2025-02-02 10:59:59,2025-02-03,delivered,"}') || pg_temp.take('order_details', '{"5,2,8,1,10,"}'), '1/0/01/0/0', 'news of an order that is gone');
select is(pg_temp.assemble() ->> 'orders', '0', 'does not bring it back');
select is_empty($$select from shop.orders join shop.source_orders using (order_id) where source = 'demo' and source_key = '5'$$, 'it is not there');
select is(pg_temp.faults(), 0::bigint, 'all holds');

-- Late orders of a product that is retired since before them.
select is(pg_temp.take('products', '{"9,Pan,Kitchen,20,,3,1"}') || pg_temp.take('orders', format('{"20,11,,%s,,,new,"}', current_date + 1)::text[]) || pg_temp.take('order_details', '{"20,1,9,1,20,"}'), '1/0/01/0/01/0/0', 'an order of a discontinued product');
select pg_temp.assemble();
select pg_temp.take('order_details', '{"20,2,9,1,20,"}'), pg_temp.take('orders', format('{"21,11,,%s,,,new,"}', current_date + 1)::text[]), pg_temp.take('order_details', '{"21,1,9,2,20,"}') \g /dev/null
select is(pg_temp.assemble() ->> 'orders', '2', 'and later ones are taken');
select is(pg_temp.stock_of('demo') || pg_temp.faults(), '7:91 8:5 9:30', 'the stock is the source''s, and a mug more of the order that was removed');

-- A day of registration after a login that the shop knows of.
set local role emporium_owner;
update shop.customers c set last_login_date = '2024-06-01T10:00:00Z' from shop.source_customers s where s.customer_id = c.customer_id and s.source = 'demo' and s.source_key = '11';
reset role;
select is(pg_temp.take('customers', '{"11,Ann,Ash,ann@ash.example.com,+4915112345678,,Berlin,10115,DE,2025-01-01"}'), '1/0/0', 'a customer registers later than before');
select is(pg_temp.assemble() ->> 'customers', '1', 'which does not stop the others');
select is((select c.registration_date::text from shop.customers c join shop.source_customers s using (customer_id) where s.source = 'demo' and s.source_key = '11'), '2024-06-01 10:00:00+00', 'nor comes after a login');
-- Another currency: amounts of orders stay, prices are in the shop's.
set local role emporium_owner;
insert into shop.currency_rate (currency, valid_from, rate) values ('JPY', '2020-01-01', 0.006), ('JPY', '2025-01-01', 0.0061);
reset role;
select pg_temp.add_source('yen', 'JPY', 'Asia/Tokyo');
select is(pg_temp.take('customers', '{"1,,Sato,,,,,,JP,"}', 'yen') || pg_temp.take('products', '{"1,Bowl,Kitchen,1980,990.5,4,0"}', 'yen') || pg_temp.take('orders', '{"1,1,,2025-01-05,,,paid,","2,1,,2025-01-05,,,paid,"}', 'yen')
    || pg_temp.take('order_details', '{"1,1,1,2,1980.00,60","2,1,1,1,10.50,"}', 'yen'), '1/0/01/0/02/0/01/1/0', 'yen have no decimals in a line, and its order waits');
select is(pg_temp.assemble('yen') ->> 'orders', '1', 'an order in yen');
select is((select (o.total_amount, o.currency, p.price, p.cost)::text from shop.orders o join shop.source_orders s using (order_id), shop.products p join shop.source_products sp using (product_id) where s.source = 'yen' and sp.source = 'yen'), '(3900.00,JPY,12.08,6.04)', 'prices by the newest rate');
select is(pg_temp.faults(), 0::bigint, 'all holds');

select is_empty($$
    select code from ops.rule where feed like 'source.%' and severity = 'warning' and code not like '%\_unusable' and code not in ('gone_from_source', 'order_refused')
    except select code from quality.finding$$, 'every rule of findings was broken here');
select * from finish();
rollback;
