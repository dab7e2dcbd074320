-- The limit: one batch's messages cast and inserted, nothing judged, nothing booked.
set enable_seqscan = off;
insert into bench.customers
select (d ->> 'customer_id')::bigint, d ->> 'first_name', d ->> 'last_name', (d ->> 'age')::int, d ->> 'email', d ->> 'country', d ->> 'city',
    d ->> 'postal_code', d ->> 'phone_number', (d ->> 'registration_date')::timestamptz, (d ->> 'last_login_date')::timestamptz
from (
    select convert_from(payload, 'UTF8')::jsonb as d from staging.shop_customer where batch_id = {batch} and slot = 0 offset 0
) m;
