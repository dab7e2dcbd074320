-- What each message comes to: every rule has a message that breaks it and one beside it that does not; conversions.
begin;
\ir ../support.psql
\ir customers.psql
select * from no_plan();
create temp table said (place integer generated always as identity, message jsonb, want text, note text);
insert into said (message, want, note)
select (pg_temp.customer(change) - less) || jsonb_build_object('customer_id', coalesce(change -> 'customer_id', to_jsonb(1000 + row_number() over ()))), want, change::text || ' ' || less::text
from (values
    ('{}'::jsonb, '{}'::text[], 'stored'),
    -- Nothing but what is required; null and empty are missing.
    ('{}', '{first_name,age,city,postal_code,phone_number,last_login_date}', 'stored'),
    ('{"first_name":null,"age":null,"city":null,"postal_code":null,"phone_number":null,"last_login_date":null,"date_of_birth":null}', '{}', 'stored'),
    ('{"first_name":"","city":" ","postal_code":"","phone_number":" - ","last_login_date":"","date_of_birth":""}', '{}', 'stored'),
    ('{}', '{last_name,email,country,registration_date,event_time}', 'event_time_missing,last_name_missing,email_missing,country_missing,registration_date_missing'),
    ('{"last_name":"","email":"","country":"","registration_date":"","event_time":""}', '{}', 'event_time_missing,last_name_missing,email_missing,country_missing,registration_date_missing'),
    ('{"last_name":"\u3000\u200b\ufeff ","email":"\u2003","country":"\u00a0"}', '{}', 'last_name_missing,email_missing,country_missing'),
    -- customer_id
    ('{"customer_id":null}', '{}', 'customer_id_missing'), ('{"customer_id":"7"}', '{}', 'customer_id_malformed'), ('{"customer_id":7.5}', '{}', 'customer_id_malformed'),
    ('{"customer_id":true}', '{}', 'customer_id_malformed'), ('{"customer_id":[7]}', '{}', 'customer_id_malformed'), ('{"customer_id":{"a":7}}', '{}', 'customer_id_malformed'),
    ('{"customer_id":0}', '{}', 'customer_id_out_of_range'), ('{"customer_id":-1}', '{}', 'customer_id_out_of_range'), ('{"customer_id":9223372036854775807}', '{}', 'stored'),
    ('{"customer_id":9223372036854775808}', '{}', 'customer_id_out_of_range'), ('{"customer_id":1e300}', '{}', 'customer_id_out_of_range'), ('{"customer_id":1e2}', '{}', 'stored'), ('{"customer_id":1e-300}', '{}', 'customer_id_malformed'),
    -- Times: what a cast would take, and a rule must not.
    ('{"event_time":"now"}', '{}', 'event_time_malformed'), ('{"event_time":"infinity"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-02-31T10:00:00Z"}', '{}', 'event_time_malformed'),
    ('{"event_time":"2026-03-01T25:00:00Z"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-03-01T24:00:00Z"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-03-01T23:60:00Z"}', '{}', 'event_time_malformed'),
    ('{"event_time":"2026-03-01T23:00:60Z"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-03-01T10:00:00"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-03-01"}', '{}', 'event_time_malformed'),
    ('{"event_time":"01/03/2026 10:00:00Z"}', '{}', 'event_time_malformed'), ('{"event_time":1772359872}', '{}', 'event_time_malformed'), ('{"event_time":["2026-03-01T10:00:00Z"]}', '{}', 'event_time_malformed'),
    ('{"event_time":{"$date":"2026-03-01T10:00:00Z"}}', '{}', 'event_time_malformed'), ('{"event_time":true}', '{}', 'event_time_malformed'), ('{"event_time":"2026-00-01T10:00:00Z"}', '{}', 'event_time_malformed'),
    ('{"event_time":"2026-13-01T10:00:00Z"}', '{}', 'event_time_malformed'), ('{"event_time":"0000-03-01T10:00:00Z"}', '{}', 'event_time_malformed'), ('{"event_time":"+026-03-01T10:00:00Z"}', '{}', 'event_time_malformed'),
    ('{"event_time":"2026-03- 1T10:00:00Z"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-03-01T+1:00:00Z"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-03-01T10:00:00.+1Z"}', '{}', 'event_time_malformed'),
    ('{"event_time":"2026-03-01T10:00:00.Z"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-03-01T10:00:00.1234567Z"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-03-01T10:00:00+99:00"}', '{}', 'event_time_malformed'),
    ('{"event_time":"2026-03-01T10:00:00+ 2:00"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-03-01T10:00:00.5+ 2:00"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-03-01T10:00:00+02:99"}', '{}', 'event_time_malformed'),
    ('{"event_time":"2026-03-01T10:00:00+02"}', '{}', 'event_time_malformed'), ('{"event_time":"2026-03-01T10:00:00 Europe/Rome"}', '{}', 'event_time_malformed'), ('{"event_time":"٢٠٢٦-03-01T10:00:00Z"}', '{}', 'event_time_malformed'),
    ('{"event_time":"52217-03-01T10:00:00Z"}', '{}', 'event_time_malformed'), ('{"event_time":"9999-12-31T23:59:59-14:00"}', '{}', 'event_time_in_future'), ('{"event_time":"0001-01-01T00:00:00+14:00"}', '{}', 'event_time_too_old'),
    ('{"event_time":"1999-12-31T23:59:59Z"}', '{}', 'event_time_too_old'), ('{"event_time":"1970-01-01T00:00:00Z"}', '{}', 'event_time_too_old'),
    ('{"event_time":"2024-02-29T10:00:00+05:30"}', '{}', 'stored'), ('{"event_time":"2024-02-29T10:00:00-00:00"}', '{}', 'stored'), ('{"event_time":"2024-02-29T10:00:00.1-03:00"}', '{}', 'stored'),
    ('{"event_time":"2026-03-01T10:00:00Z,"}', '{}', 'event_time_malformed'), ('{"last_login_date":"2026-03-01T10:00:00Z,"}', '{}', 'last_login_date_malformed'), ('{"last_login_date":"2026-03-01T10:00:00Z>"}', '{}', 'last_login_date_malformed'),
    ('{"registration_date":"2023-02-29T10:00:00Z"}', '{}', 'registration_date_malformed'), ('{"registration_date":"1999-01-01T00:00:00Z"}', '{}', 'registration_date_too_old'),
    ('{"registration_date":"2999-01-01T00:00:00Z","last_login_date":null}', '{}', 'registration_date_in_future'), ('{"registration_date":0}', '{}', 'registration_date_malformed'),
    ('{"last_login_date":"yesterday"}', '{}', 'last_login_date_malformed'), ('{"last_login_date":"2999-01-01T00:00:00Z"}', '{}', 'last_login_date_in_future'), ('{"last_login_date":false}', '{}', 'last_login_date_malformed'),
    ('{"last_login_date":"2024-03-01T10:11:11.999999Z"}', '{}', 'last_login_date_before_registration'), ('{"last_login_date":"2024-03-01T10:11:12Z"}', '{}', 'stored'), ('{"last_login_date":"2024-03-01T11:11:12+01:00"}', '{}', 'stored'),
    -- Names, city, postal code
    ('{"first_name":7}', '{}', 'first_name_type'), ('{"first_name":{"a":1}}', '{}', 'first_name_type'), ('{"last_name":["Ash"]}', '{}', 'last_name_type'), ('{"last_name":true}', '{}', 'last_name_type'),
    ('{"first_name":"a\u0007b"}', '{}', 'first_name_characters'), ('{"last_name":"Ash\u0085x"}', '{}', 'last_name_characters'), ('{"last_name":"A\u007fsh"}', '{}', 'last_name_characters'),
    (jsonb_build_object('first_name', repeat('ü', 200)), '{}', 'stored'), (jsonb_build_object('first_name', repeat('ü', 201)), '{}', 'first_name_too_long'), (jsonb_build_object('last_name', repeat('a', 201)), '{}', 'last_name_too_long'),
    ('{"city":1}', '{}', 'city_type'), ('{"city":"Ber\nlin"}', '{}', 'city_characters'), (jsonb_build_object('city', repeat('x', 201)), '{}', 'city_too_long'),
    ('{"postal_code":10115}', '{}', 'postal_code_type'), ('{"postal_code":"1\t1"}', '{}', 'postal_code_characters'), (jsonb_build_object('postal_code', repeat('1', 33)), '{}', 'postal_code_too_long'),
    -- E-mail, country
    ('{"email":"ann"}', '{}', 'email_malformed'), ('{"email":"vera@v.v"}', '{}', 'stored'), ('{"email":"a b@c.d"}', '{}', 'email_malformed'), ('{"email":1}', '{}', 'email_type'), ('{"email":["a@b.c"]}', '{}', 'email_type'),
    ('{"country":"Nowhere"}', '{}', 'country_unknown'), ('{"country":"XX"}', '{}', 'country_unknown'), ('{"country":"congo"}', '{}', 'country_unknown'), ('{"country":49}', '{}', 'country_type'), ('{"country":{"code":"DE"}}', '{}', 'country_type'),
    -- Age, birthday
    ('{"age":34.5}', '{}', 'age_malformed'), ('{"age":"34"}', '{}', 'age_malformed'), ('{"age":true}', '{}', 'age_malformed'), ('{"age":[]}', '{}', 'age_malformed'), ('{"age":-1}', '{}', 'age_impossible'),
    ('{"age":131}', '{}', 'age_impossible'), ('{"age":130}', '{}', 'stored'), ('{"age":0}', '{}', 'stored'), ('{"age":1e300}', '{}', 'age_impossible'), ('{"age":-99999999999}', '{}', 'age_impossible'),
    ('{"date_of_birth":"1990-02-30"}', '{}', 'date_of_birth_malformed'), ('{"date_of_birth":"01.02.1990"}', '{}', 'date_of_birth_malformed'), ('{"date_of_birth":19900102}', '{}', 'date_of_birth_malformed'), ('{"date_of_birth":"0000-01-01"}', '{}', 'date_of_birth_malformed'),
    ('{"date_of_birth":"2999-01-01"}', '{}', 'age_impossible,date_of_birth_in_future'), ('{"date_of_birth":"2024-03-02"}', '{}', 'age_impossible'), ('{"date_of_birth":"2024-03-01"}', '{}', 'stored'), ('{"date_of_birth":"1850-01-01"}', '{}', 'age_impossible'),
    ('{"date_of_birth":"0001-01-01"}', '{}', 'age_impossible'), ('{"date_of_birth":{}}', '{}', 'date_of_birth_malformed'),
    -- Telephone
    ('{"phone_number":"call me"}', '{}', 'phone_not_e164'), ('{"phone_number":4915112345678}', '{}', 'phone_number_type'), ('{"phone_number":"+049151123456"}', '{}', 'phone_not_e164'), ('{"phone_number":"+49151"}', '{}', 'phone_not_e164'),
    ('{"phone_number":"+491511234567890123"}', '{}', 'phone_not_e164'), ('{"phone_number":"15112345678"}', '{}', 'phone_not_e164'), ('{"phone_number":"٠١٥١١٢٣٤٥٦٧"}', '{}', 'phone_not_e164'), ('{"phone_number":"0151 1234567","country":"XX"}', '{}', 'country_unknown,phone_not_e164'),
    -- Everything at once, and fields that nobody knows.
    ('{"customer_id":-5,"event_time":"x","first_name":1,"last_name":2,"email":"x","country":"x","age":999,"date_of_birth":"x","phone_number":"x","city":3,"postal_code":4,"registration_date":"x","last_login_date":"x"}', '{}',
        'customer_id_out_of_range,event_time_malformed,first_name_type,last_name_type,email_malformed,country_unknown,age_impossible,date_of_birth_malformed,phone_not_e164,city_type,postal_code_type,registration_date_malformed,last_login_date_malformed'),
    ('{"extra":{"deep":[1,{"a":null}]},"Age":"x"," customer_id":1}', '{}', 'stored')
) v (change, less, want);
insert into said (message, want, note) values ('{}', 'customer_id_missing,event_time_missing,last_name_missing,email_missing,country_missing,registration_date_missing', 'an empty object'),
    ('[]', 'not_an_object', 'an array'), ('null', 'not_an_object', 'null'), ('7', 'not_an_object', 'a number'), ('"customer_id"', 'not_an_object', 'a string'), ('[{"customer_id":1}]', 'not_an_object', 'an array of one'), ('true', 'not_an_object', 'a truth');
select pg_temp.land_customers(array(select message from said order by place)) as batch \gset
select is((select state from (select pg_temp.state_as('promoter', format('select ops.promote_next(%L, 1)', 'shop.customer')) as state) s), '00000', 'a promoter promotes them');
select is(pg_temp.told_of(:batch, place), want, pg_temp.shown(left(note, 100))) from said order by place;
select is((select count(*) from said), (select stored + rejected + duplicate from ops.batch where batch_id = :batch), 'and the batch balances');
select is_empty($$select * from ops.reconcile('shop.customer')$$, 'the books hold');
select ok(bool_and(codes::text not like '%constraint%'), 'rules, not constraints, turned them down') from staging.reject where batch_id = :batch;
select is_empty($$select distinct c from staging.reject r, unnest(codes) c where r.batch_id > 0 and not exists (select from ops.rule where feed in ('shop.customer', '*') and code = c)$$, 'every code has its sentence in ops.rule');
-- Each code of the feed is met by a message of this file or the next; record_too_large by the loader's tests.
select is_empty($$select code from ops.rule where feed = 'shop.customer' and code not in ('duplicate_event', 'key_mismatch', 'record_too_large')
    and not exists (select from said where code = any (string_to_array(want, ',')))$$, 'every code has a message');

-- Facts of bytes, keys, and settings.
select pg_temp.land_messages(array['', '', '\xff', '{"a":1,"a":2}', '{"customer_id":1e999}', pg_temp.customer('{"customer_id":7}')::text, pg_temp.customer('{"customer_id":7}')::text, pg_temp.customer('{"customer_id":7}')::text, pg_temp.customer('{"customer_id":7}')::text]::bytea[],
    array['1', null, 'x', '1', '1', '07', '8', null, '7']::bytea[], array['tombstone', 'empty_payload', 'invalid_utf8', 'duplicate_key', 'json_number', null, null, null, null]) as facts \gset
select pg_temp.land_messages(array['{"customer_id":', pg_temp.customer('{"customer_id":8}')::text, '\xff', '"\\u0000"']::bytea[], array['1', '8', '1', null]::bytea[], array['', null, '', '']) as unread \gset
update staging.shop_customer set defect = null where batch_id = :unread;
select count(*) as n from pg_temp.promote_customers() \gset
select is(pg_temp.told_of(:facts, p), want, 'facts of bytes and keys, ' || p)
from (values (1, 'tombstone'), (2, 'empty_payload'), (3, 'invalid_utf8'), (4, 'duplicate_key'), (5, 'json_number'), (6, 'key_mismatch'), (7, 'key_mismatch'), (8, 'key_mismatch'), (9, 'stored')) t (p, want);
select is(pg_temp.told_of(:unread, p), want, 'bytes that the loader was wrong about, ' || p) from (values (1, 'invalid_json'), (2, 'stored'), (3, 'invalid_utf8'), (4, 'invalid_json')) t (p, want);
select is_empty($$select unnest('{invalid_utf8,nul_byte,invalid_json,duplicate_key,json_depth,json_elements,json_number,json_escape,not_an_object,tombstone,empty_payload,record_too_large,constraint_violation,returned_dead_letter}'::text[]) except select code from ops.rule where feed = '*'$$, 'every fact of bytes has its sentence');
select is((select format('%s|%s|%s|%s', convert_from(message_key, 'UTF8'), convert_from(payload, 'UTF8'), line, fields) from staging.reject where batch_id = :facts and codes = '{duplicate_key}'), '1|{"a":1,"a":2}||', 'a reject keeps key and bytes');

-- Conversions.
create temp table turned (place bigint generated always as identity, change jsonb, want jsonb);
insert into turned (change, want)
select change::jsonb, want::jsonb from (values
    ('{"email":" Ann.ASH@Example.COM\u00a0"}', '{"email":"ann.ash@example.com"}'), ('{"email":"ÄNN@ÖST.example"}', '{"email":"änn@öst.example"}'),
    ('{"first_name":"\u3000 Ann \u200b","last_name":"\tAsh\n","city":"  Köln ","postal_code":" SW1A 1AA "}', '{"first_name":"Ann","last_name":"Ash","city":"Köln","postal_code":"SW1A 1AA"}'),
    ('{"first_name":""}', '{"first_name":null}'),
    ('{"country":"de"}', '{"country":"DE"}'), ('{"country":"deu"}', '{"country":"DE"}'), ('{"country":"DEU"}', '{"country":"DE"}'), ('{"country":"Deutschland"}', '{"country":"DE"}'), ('{"country":"  united   Kingdom\u00a0"}', '{"country":"GB"}'),
    ('{"country":"ÖSTERREICH"}', '{"country":"AT"}'), ('{"country":"Côte d’Ivoire"}', '{"country":"CI"}'), ('{"country":"日本"}', '{"country":"JP"}'), ('{"country":"u.a.e."}', '{"country":"AE"}'),
    ('{"phone_number":"+49 (0)151 / 123-456.78"}', '{"phone_number":"+4915112345678"}'), ('{"phone_number":"0049 151 12345678"}', '{"phone_number":"+4915112345678"}'), ('{"phone_number":"(0151) 12345678"}', '{"phone_number":"+4915112345678"}'),
    ('{"phone_number":"(0)151 12345678"}', '{"phone_number":"+4915112345678"}'), ('{"phone_number":"06 12 34 56 78","country":"France"}', '{"phone_number":"+33612345678"}'), ('{"phone_number":"06 1234 5678","country":"IT"}', '{"phone_number":"+390612345678"}'),
    ('{"phone_number":"(415) 555-2671","country":"US"}', '{"phone_number":"+14155552671"}'), ('{"phone_number":"1-415-555-2671","country":"CA"}', '{"phone_number":"+14155552671"}'), ('{"phone_number":"06 30 123 4567","country":"HU"}', '{"phone_number":"+36301234567"}'),
    ('{"phone_number":"8 912 345-67-89","country":"RU"}', '{"phone_number":"+79123456789"}'), ('{"phone_number":"+34 612 345 678","country":"DE"}', '{"phone_number":"+34612345678"}'), ('{"phone_number":"090\u20111234\u20115678","country":"JP"}', '{"phone_number":"+819012345678"}'),
    ('{"date_of_birth":"2000-02-29","registration_date":"2024-02-28T23:59:59Z","age":99}', '{"age":23}'), ('{"date_of_birth":"2000-02-29","registration_date":"2024-02-29T00:00:00Z"}', '{"age":24}'), ('{"date_of_birth":"2000-02-29","registration_date":"2023-02-28T12:00:00Z"}', '{"age":22}'),
    ('{"date_of_birth":"2000-02-29","registration_date":"2023-03-01T12:00:00Z"}', '{"age":23}'), ('{"date_of_birth":"2000-03-02","registration_date":"2024-03-01T23:00:00-05:00"}', '{"age":24}'), ('{"date_of_birth":"2000-03-02","registration_date":"2024-03-02T01:00:00+05:00"}', '{"age":23}'),
    ('{"age":null}', '{"age":null}'), ('{"registration_date":"2024-03-01T12:11:12.25+02:00"}', '{"registration_date":"2024-03-01T10:11:12.25+00:00"}')
) v (change, want);
select pg_temp.land_customers(array(select pg_temp.customer(change || jsonb_build_object('customer_id', 5000 + place)) from turned order by place)) as turning \gset
select count(*) as n from pg_temp.promote_customers() \gset
select ok(to_jsonb(c) @> want, 'converted: ' || pg_temp.shown(left(change::text, 100)) || ' gives ' || pg_temp.shown(coalesce((select jsonb_object_agg(k, to_jsonb(c) -> k) from jsonb_object_keys(want) k)::text, pg_temp.told_of(:turning, place))))
from turned left join shop.customers c on c.customer_id = 5000 + place order by place;

-- Whoever is taken for plain by shop.judged_customers() comes to the same in shop.judged_customer(): all messages of this file,
-- and each with each of the values below in each of its fields.
set local timezone = 'UTC';
select pg_temp.land_messages(array(
    select convert_to((pg_temp.customer() || jsonb_build_object(field, value))::text, 'UTF8')
    from jsonb_object_keys(pg_temp.customer('{"date_of_birth":null}')) field, unnest(array['null', '""', '" "', '7', '-1', '0.5', '1e2', 'true', '[]', '{"a":1}', '"true"', '"34"',
        '" Ann"', '"Ann "', '"Ann\u001fBo"', '"\u001f"', '"Ann\u0085"', '"\u00a0Ann"', '"Ann\u2003"', '"Ann\ufeff"', '"Ärger"', '"日本"', '"van Ash"', '"ter Ash"', '"GERMANY"', '"united  kingdom"',
        '"+49 151 123-456-78"', '"+49 (0)151 1234567"', '"00 49 151 12345678"', '14155552671', '"415 555 2671"', '"+049151123456"', '" - "', '" a@b.c"', '"A@b.c"', '["a@b.c"]', '"ä@b.c"',
        '"2024-02-29T10:00:00Z"', '"2023-02-29T10:00:00Z"', '"2024-02-28T23:59:59.999999Z"', '"2024-04-31T10:00:00Z"', '"2024-12-31T24:00:00Z"', '"2024-01-30T10:00:00.1234567Z"', '"2024-01-30T10:00:00.Z"',
        '"2024-01-30T10:00:00+02:00"', '"2024-01-30T10:00:00Z>"', '"<2024-01-30T10:00:00Z"', '"2099-01-01T00:00:00Z"', '["2024-01-30T10:00:00Z"]', '9223372036854775807', '9223372036854775808', '131', '1000']::jsonb[]
        || array(select to_jsonb(repeat(letter, n)) from unnest('{x,ü}'::text[]) letter, unnest('{32,33,66,100,200,201}'::int[]) n)) value)) as fuzz \gset
create temp table way as
select s.batch_id, j.*, o.d as other
from (select distinct batch_id from staging.shop_customer where batch_id > 0) s
cross join lateral shop.judged_customers(s.batch_id, 0::smallint, 0, 9223372036854775807, '2000-01-01', '2026-11-01') j
cross join lateral (
    select d from shop.judged_customer(case when j.defect is null and s.batch_id <> :unread then convert_from(j.payload, 'UTF8')::jsonb end, j.defect, j.message_key, '2000-01-01', '2026-11-01') d
) o
where s.batch_id <> :unread;
select cmp_ok((select count(*) from way where clean and failures is null), '>', 100::bigint, 'many messages are plain');
select is_empty($$select position, convert_from(payload, 'UTF8'), other from way
    where failures is null and not (clean and row(null::text, ',,,,,,,,,,,,,', true, customer_id, event_time, first_name, last_name, age, email, country, city, postal_code, phone_number, registration_date, last_login_date)::shop.customer_judgement is not distinct from other)$$,
    'and each is judged alike in detail');

-- An hour ahead of landing is a clock, more is not; both by setting.
select pg_temp.land_customers(array(select pg_temp.customer(jsonb_build_object('customer_id', 6000 + row_number, 'event_time', to_char((now() + ahead::interval) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
    from (select ahead, row_number() over () from unnest('{59 minutes,61 minutes}'::text[]) ahead) a)) as ahead \gset
update ops.batch set received_at = now() where batch_id = :ahead;
select count(*) as n from pg_temp.promote_customers() \gset
select is(pg_temp.told_of(:ahead, 1) || ' ' || pg_temp.told_of(:ahead, 2), 'stored event_time_in_future', 'the skew that is allowed, and more');
select is_empty($$select * from ops.reconcile('shop.customer')$$, 'the books hold at the end');
select * from finish();
rollback;
