-- What each record of an order system comes to: every rule has a record that breaks it; what is taken is converted.
begin;
\ir ../support.psql
\ir sources.psql
select * from no_plan();
select pg_temp.add_source('demo', 'EUR', 'Europe/Berlin');
select pg_temp.add_source('yen', 'EUR', 'Asia/Tokyo');
create temp table said (feed text, place integer generated always as identity, record text, want text);
insert into said (feed, record, want)
select 'customers', record, want from (values
    ('1,Ann,Ash,ann@ash.example.com,+4915112345678,Road 1,Berlin,10115,DE,2024-01-01', 'stored'),
    ('2,,Ash,,,,,,,', 'stored'),
    (',Ann,Ash,,,,,,,', 'customer_id_missing'), (E' \u00a0,Ann,Ash,,,,,,,', 'customer_id_missing'),
    (repeat('k', 101) || ',Ann,Ash,,,,,,,', 'customer_id_malformed'), (E'a\u0007,Ann,Ash,,,,,,,', 'customer_id_malformed'), (repeat('k', 100) || ',Ann,Ash,,,,,,,', 'stored'),
    ('3,Ann,,,,,,,,', 'last_name_missing'), ('4,Ann,' || repeat('ü', 201) || ',,,,,,,', 'last_name_too_long'), (E'5,Ann,A\u0001,,,,,,,', 'last_name_characters'),
    (',,,,,,,,,', 'customer_id_missing,last_name_missing'),
    ('6,Ann,Ash,,,,,,', 'column_count'), ('6,Ann,Ash,,,,,,,,', 'column_count'), ('', 'column_count'),
    ($$'); drop table shop.customers; --,Ann,Ash,,,,,,,$$, 'stored'),
    -- What a customer need not have loses nobody.
    ('7,' || repeat('x', 201) || ',Ash,not an address,call me,' || repeat('x', 301) || E',Ber\u0007lin,' || repeat('1', 33) || ',Nowhere,0000-00-00', 'stored'),
    ('8,Ann,Ash,,0151 1234567,,,,Germany,2024-02-29 23:59:59', 'stored'), ('9,Ann,Ash,,0151 1234567,,,,,2999-01-01', 'stored'), ('10,Ann,Ash,ANN@ASH.EXAMPLE.COM,,,,,,', 'stored')
) as v (record, want);
insert into said (feed, record, want)
select 'employees', record, want from (values
    ('1,Eve,Elm,Clerk,,2020-01-01', 'stored'), ('2,,Elm,,1,', 'stored'), ('3,Eve,Elm,' || repeat('x', 201) || ',' || repeat('y', 101) || ',2020-13-01', 'stored'),
    (',Eve,Elm,,,', 'employee_id_missing'), (repeat('k', 101) || ',Eve,Elm,,,', 'employee_id_malformed'),
    ('4,Eve,,,,', 'last_name_missing'), ('4,Eve,' || repeat('x', 201) || ',,,', 'last_name_too_long'), (E'4,Eve,E\u0085m,,,', 'last_name_characters')
) as v (record, want);
insert into said (feed, record, want)
select 'products', record, want from (values
    ('1,Mug,Kitchen,10.00,4.00,5,0', 'stored'), ('2,Screw,Parts,0.0125,,0,no', 'stored'), ('3,Pot,Kitchen,30,-1,-5,perhaps', 'stored'), ('4,Pan,Kitchen,0,1e3,1.5,YES', 'stored'),
    ('5,Lid,Kitchen,' || repeat('0', 5000) || '7.5' || repeat('0', 5000) || ',,' || repeat('0', 5000) || '9,', 'stored'), ('6,Lid,Kitchen,-0.00,,,', 'stored'),
    (',Mug,Kitchen,1,,,', 'product_id_missing'), (E'\u0001,Mug,Kitchen,1,,,', 'product_id_malformed'),
    ('7,,Kitchen,1,,,', 'name_missing'), ('7,' || repeat('x', 201) || ',Kitchen,1,,,', 'name_too_long'), (E'7,M\u0001,Kitchen,1,,,', 'name_characters'),
    ('7,Mug,,1,,,', 'category_missing'), ('7,Mug,' || repeat('x', 201) || ',1,,,', 'category_too_long'), (E'7,Mug,K\u0001,1,,,', 'category_characters'),
    ('7,Mug,Kitchen,,,,', 'price_missing'), ('7,Mug,Kitchen,1e3,,,', 'price_malformed'), ('7,Mug,Kitchen,NaN,,,', 'price_malformed'), ('7,Mug,Kitchen,Infinity,,,', 'price_malformed'),
    ('7,Mug,Kitchen,EUR 5,,,', 'price_malformed'), ('7,Mug,Kitchen,.5,,,', 'price_malformed'), ('7,Mug,Kitchen,5.,,,', 'price_malformed'), ('7,Mug,Kitchen,+5,,,', 'price_malformed'), ('7,Mug,Kitchen,٥,,,', 'price_malformed'),
    ('7,Mug,Kitchen,-0.01,,,', 'price_negative'), ('7,Mug,Kitchen,1000000000000,,,', 'price_out_of_range'), ('7,Mug,Kitchen,' || repeat('9', 200000) || ',,,', 'price_out_of_range'),
    ('7,Mug,Kitchen,0.00001,,,', 'price_too_fine'), ('7,Mug,Kitchen,0.' || repeat('0', 200000) || '1,,,', 'price_too_fine'), ('8,Mug,Kitchen,999999999999.9999,,,', 'stored')
) as v (record, want);
insert into said (feed, record, want)
select 'orders', record, want from (values
    ('1,1,,2025-01-05,,,new,', 'stored'), ('2,1,,2025-01-05 13:14:15,,,PENDING,', 'stored'), ('3,1,,2025-01-05 13:14:15.123456,,,Canceled,', 'stored'), ('4,1,,2025-01-05T13:14:15Z,,,cancelled,', 'stored'),
    ('5,1,,2025-01-05T13:14:15.5+02:00,2025-01-06,2025-01-07,delivered,CARD', 'stored'), ('6,1,9,2024-02-29,,,returned,barter', 'stored'), ('7,1,' || repeat('k', 101) || ',2025-01-05,,,shipped,', 'stored'), ('8,1,,1970-01-01,,,paid,', 'stored'),
    (',1,,2025-01-05,,,new,', 'order_id_missing'), (repeat('k', 101) || ',1,,2025-01-05,,,new,', 'order_id_malformed'),
    ('9,,,2025-01-05,,,new,', 'customer_id_missing'), (E'9,\u0001,,2025-01-05,,,new,', 'customer_id_malformed'),
    ('9,1,,,,,new,', 'order_date_missing'), ('9,1,,0000-00-00,,,new,', 'order_date_malformed'), ('9,1,,0000-00-00 00:00:00,,,new,', 'order_date_malformed'), ('9,1,,2025-02-30,,,new,', 'order_date_malformed'), ('9,1,,2025-02-30 10:00:00,,,new,', 'order_date_malformed'),
    ('9,1,,2025-02-30T10:00:00Z,,,new,', 'order_date_malformed'), ('9,1,,now,,,new,', 'order_date_malformed'), ('9,1,,infinity,,,new,', 'order_date_malformed'), ('9,1,,-infinity,,,new,', 'order_date_malformed'), ('9,1,,today,,,new,', 'order_date_malformed'), ('9,1,,epoch,,,new,', 'order_date_malformed'),
    ('9,1,,52217-01-01,,,new,', 'order_date_malformed'), ('9,1,,52217-01-01 10:00:00,,,new,', 'order_date_malformed'), ('9,1,,05/01/2025,,,new,', 'order_date_malformed'), ('9,1,,05.01.2025,,,new,', 'order_date_malformed'), ('9,1,,20250105,,,new,', 'order_date_malformed'),
    ('9,1,,2025-1-5,,,new,', 'order_date_malformed'), ('9,1,,2025-01-05 24:00:00,,,new,', 'order_date_malformed'), ('9,1,,2025-01-05 23:60:00,,,new,', 'order_date_malformed'), ('9,1,,2025-01-05 23:00:60,,,new,', 'order_date_malformed'), ('9,1,,2025-01-05 10:00,,,new,', 'order_date_malformed'),
    ('9,1,,2025-01-05 10:00:00.1234567,,,new,', 'order_date_malformed'), ('9,1,,2025-01-05 10:00:00.,,,new,', 'order_date_malformed'), ('9,1,,2025-01-05 10:00:00 BC,,,new,', 'order_date_malformed'), ('9,1,,2025-01-05 10:00:00+1,,,new,', 'order_date_malformed'), ('9,1,,2025-01-05T10:00:00,,,new,', 'order_date_malformed'),
    ('9,1,,2025-01-05 1a:00:00,,,new,', 'order_date_malformed'), ('9,1,,٢٠٢٥-01-05,,,new,', 'order_date_malformed'), ('9,1,,' || repeat('9', 200000) || ',,,new,', 'order_date_malformed'), ('9,1,,9999-12-31,,,new,', 'order_date_in_future'), ('9,1,,0001-01-01,,,new,', 'order_date_too_old'), ('9,1,,1969-12-31 23:59:59,,,new,', 'order_date_too_old'),
    ('9,1,,2025-01-05,0000-00-00,,new,', 'paid_date_malformed'), ('9,1,,2025-01-05,9999-12-31,,new,', 'paid_date_in_future'), ('9,1,,2025-01-05,1899-12-30,,new,', 'paid_date_too_old'),
    ('9,1,,2025-01-05,,0000-00-00,new,', 'shipped_date_malformed'), ('9,1,,2025-01-05,,9999-12-31,new,', 'shipped_date_in_future'), ('9,1,,2025-01-05,,1899-12-30,new,', 'shipped_date_too_old'),
    ('9,1,,2025-01-05,,,,', 'status_missing'), ('9,1,,2025-01-05,,,lost,', 'status_unknown'), ('9,1,,2025-01-05,,,paid!,', 'status_unknown'),
    (',,,x,x,x,x,', 'order_id_missing,customer_id_missing,order_date_malformed,paid_date_malformed,shipped_date_malformed,status_unknown')
) as v (record, want);
insert into said (feed, record, want)
select 'order_details', record, want from (values
    ('1,1,1,2,10.00,', 'stored'), ('1,2,1,2,10.00,20', 'stored'), ('1,0,1,1000000,0.01,0.00', 'stored'), (',1,1,1,1,', 'order_id_missing'), (E'\u0001,1,1,1,1,', 'order_id_malformed'),
    ('1,,1,1,1,', 'line_no_missing'), ('1,-1,1,1,1,', 'line_no_malformed'), ('1,01,1,1,1,', 'line_no_malformed'), ('1,1.0,1,1,1,', 'line_no_malformed'), ('1,1000000000,1,1,1,', 'line_no_malformed'), ('1,' || repeat('9', 200000) || ',1,1,1,', 'line_no_malformed'),
    ('1,3,,1,1,', 'product_id_missing'), (E'1,3,\u0001,1,1,', 'product_id_malformed'),
    ('1,3,1,,1,', 'quantity_missing'), ('1,3,1,1.5,1,', 'quantity_malformed'), ('1,3,1,1e2,1,', 'quantity_malformed'), ('1,3,1,NaN,1,', 'quantity_malformed'), ('1,3,1,-1,1,', 'quantity_negative'), ('1,3,1,-' || repeat('9', 30) || ',1,', 'quantity_negative'),
    ('1,3,1,0,1,', 'quantity_zero'), ('1,3,1,-0,1,', 'quantity_zero'), ('1,3,1,1000001,1,', 'quantity_out_of_range'), ('1,3,1,' || repeat('9', 200000) || ',1,', 'quantity_out_of_range'),
    ('1,3,1,1,,', 'unit_price_missing'), ('1,3,1,1,x,', 'unit_price_malformed'), ('1,3,1,1,-1,', 'unit_price_negative'), ('1,3,1,1,1000000000000,', 'unit_price_out_of_range'), ('1,3,1,1,1.001,', 'unit_price_too_fine'), ('1,4,1,1,1.0100000,', 'stored'),
    ('1,3,1,1,1,x', 'discount_malformed'), ('1,3,1,1,1,-1', 'discount_negative'), ('1,3,1,1,1,1000000000000', 'discount_out_of_range'), ('1,3,1,1,1,0.001', 'discount_too_fine'), ('1,3,1,2,1,2.01', 'discount_above_total'),
    ('1,3,1,1000000,999999999999,', 'line_total_out_of_range'), ('1,x,,-1,NaN,-1', 'product_id_missing,line_no_malformed,quantity_negative,unit_price_malformed,discount_negative')
) as v (record, want);

create temp table landed as
select feed, pg_temp.land_source(feed, array_agg(record order by place)) as batch_id, min(place) - 1 as before from said group by feed;
select is((select count(*) from (select pg_temp.promote_source(feed) from landed) p), 5::bigint, 'five batches are judged');
create temp table verdict as
select s.*, l.batch_id, coalesce(
    (select 'stored' from shop.source_version v where v.batch_id = l.batch_id and v.position = s.place - l.before),
    (select array_to_string(codes, ',') from staging.reject r where r.batch_id = l.batch_id and r.position = s.place - l.before and disposition = 'rejected'),
    'nothing') as have
from said s join landed l using (feed);
select is(string_to_array(have, ','), string_to_array(want, ','), feed || ' ' || pg_temp.shown(record))
from (select feed, place, record, (select string_agg(c, ',' order by c) from unnest(string_to_array(have, ',')) c) as have,
        (select string_agg(c, ',' order by c) from unnest(string_to_array(want, ',')) c) as want from verdict) v
order by place;
select is_empty($$
    select r.feed, r.code from ops.rule r where r.feed like 'source.%' and r.severity = 'error'
    except select 'source.' || feed, unnest(string_to_array(have, ',')) from verdict$$, 'every rule has a record here that breaks it');
select is_empty($$select r.codes from staging.reject r, unnest(r.codes, r.reasons) as c (code, reason) where c.code = c.reason$$, 'every code has its sentence');
select is_empty($$select * from landed l join ops.batch b using (batch_id) where received <> stored + rejected + duplicate$$, 'all balance');

-- What was understood.
select is((select to_jsonb(c) - '{source,digest,batch_id,position,assembled}'::text[] from shop.source_customers c where source_key = '7'),
    jsonb_build_object('source_key', '7', 'first_name', null, 'last_name', 'Ash', 'email', null, 'phone_number', null, 'address', null, 'city', null, 'postal_code', null, 'country', null,
        'registered_on', null, 'customer_id', null, 'unused', jsonb_build_object('first_name', repeat('x', 201), 'email', 'not an address', 'phone', 'call me', 'address', repeat('x', 301),
        'city', E'Ber\u0007lin', 'postal_code', repeat('1', 33), 'country', 'Nowhere', 'registered_on', '0000-00-00')), 'a customer with values that cannot be used is taken without them, and they are kept');
select is((select (phone_number, country, registered_on, unused)::text from shop.source_customers where source_key = '8'), '(+491511234567,DE,2024-02-29,)', 'a national number is read by the country, a day out of a time');
select is((select (phone_number, unused)::text from shop.source_customers where source_key = '9'), '(,"{""phone"": ""0151 1234567"", ""registered_on"": ""2999-01-01""}")', 'and not without one; a day to come is none');
select is((select email from shop.source_customers where source_key = '10'), 'ann@ash.example.com', 'an e-mail in lower case');
select is((select array_agg((price, cost, units_in_stock, discontinued, unused)::text order by source_key) from shop.source_products where source_key < '7'),
    array['(10.00,4.00,5,f,)', '(0.0125,,0,f,)', '(30,,0,f,"{""cost"": ""-1"", ""discontinued"": ""perhaps"", ""units_in_stock"": ""-5""}")',
        '(0,,0,t,"{""cost"": ""1e3"", ""units_in_stock"": ""1.5""}")', '(7.50,,9,f,)', '(0.00,,0,f,)'], 'products, with what of them could not be used');
select is((select array_agg((source_key, ordered_at, ordered_on, has_time, status)::text order by source_key) from shop.source_orders where source_key < '9'), array[
    '(1,"2025-01-05 00:00:00+00",2025-01-05,f,pending)', '(2,"2025-01-05 12:14:15+00",2025-01-05,t,pending)', '(3,"2025-01-05 12:14:15.123456+00",2025-01-05,t,cancelled)', '(4,"2025-01-05 13:14:15+00",2025-01-05,t,cancelled)',
    '(5,"2025-01-05 11:14:15.5+00",2025-01-05,t,delivered)', '(6,"2024-02-29 00:00:00+00",2024-02-29,f,returned)', '(7,"2025-01-05 00:00:00+00",2025-01-05,f,shipped)', '(8,"1970-01-01 00:00:00+00",1970-01-01,f,paid)'],
    'times are those of the source''s zone where they have no offset; a day alone stays one');
select is((select (paid_at, paid_on, shipped_at, shipped_on, payment_method)::text from shop.source_orders where source_key = '5'), '(,2025-01-06,,2025-01-07,card)', 'when it was paid and shipped');
select is((select count(*) from (select pg_temp.take('orders', '{"1,1,,2025-01-05T20:00:00Z,,,new,"}', 'yen')) t), 1::bigint, 'the same key of another source');
select is((select ordered_on from shop.source_orders where source = 'yen'), date '2025-01-06', 'the day is that of its own zone');

-- Bytes.
select pg_temp.land_source_bytes('source.orders', array['\x31002c'::bytea, '\xff2c31'::bytea, '\x'::bytea, convert_to('20,1,,2025-01-05,,,new,', 'UTF8')], 'demo', '{nul_byte,null,null,null}') as batch \gset
select results_eq($$select stored, rejected, duplicate from pg_temp.promote_source('orders')$$, 'values (1::bigint, 3::bigint, 0::bigint)', 'NUL, bytes that are no UTF-8, an empty record, and a good one');
select is((select array_agg(codes[1] order by position) from staging.reject where batch_id = :batch), '{nul_byte,invalid_utf8,column_count}', 'each with its code');
select pg_temp.land_source_bytes('source.orders', array(select convert_to(j, 'UTF8') from unnest(array['{"order_id":21,"customer_id":"1","order_date":"2025-01-05","status":"new"}', '[]', '{}', '{"order_id":',
    '{"order_id":{"a":[1]},"customer_id":true,"order_date":20250105,"status":["new"]}', '{"order_id":null,"order_date":"infinity","status":1e5}']) j), 'demo', '{null,null,null,invalid_json,null,null}', 'json') as batch \gset
select results_eq($$select stored, rejected, duplicate from pg_temp.promote_source('orders')$$, 'values (1::bigint, 5::bigint, 0::bigint)', 'JSON: numbers and strings are taken, nested values are not');
select is((select array_agg(array_to_string(codes, ',') order by position) from staging.reject where batch_id = :batch), array['not_an_object', 'order_id_missing,customer_id_missing,order_date_missing,status_missing',
    'invalid_json', 'order_date_malformed,status_unknown', 'order_id_missing,customer_id_missing,order_date_malformed,status_unknown'], 'each with its codes');
select is(pg_temp.faults(), 0::bigint, 'the books hold');

-- Digest and key: what a file and a table say alike is alike.
select is(shop.record_digest('{1,a,"",NULL}'), shop.record_digest(array[' 1 ', E'a\u00a0', null, '']), 'white space around values and the difference of empty and null do not count');
select isnt(shop.record_digest('{1,a}'), shop.record_digest('{1,A}'), 'all else does');
select isnt(shop.record_digest('{ab,c}'), shop.record_digest('{a,bc}'), 'nor do values run together');
select isnt(shop.record_digest('{a,NULL,b}'), shop.record_digest('{a,b,NULL}'), 'or change places');
select is(array[shop.source_key('source.order_details', '{ A/1 ,2,x}'), shop.source_key('source.orders', '{7 ,8}')], '{A/1/2,7}', 'keys');
select is(array[shop.source_record('source.order_details', 'A/1/2'), shop.source_record('source.orders', '7')], '{order A/1 line 2,order 7}', 'what findings call them');
select ok(not exists (select from ops.feed where feed like 'source.%' and cardinality(columns) > 12), 'no feed has more columns than the digest reads');
select * from finish();
rollback;
