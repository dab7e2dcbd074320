-- An order of which a line was rejected: neither taken nor changed until the line is mended.
begin;
\ir ../support.psql
\ir sources.psql
select * from no_plan();
select pg_temp.add_source();
select pg_temp.add_source('other');
create function pg_temp.held() returns text[] language sql as $$
    select coalesce(array_agg(source || ' ' || source_key order by source, source_key), '{}') from shop.source_refused_lines
$$;
-- Order: total and lines, by key, of what is in the shop.
create function pg_temp.orders() returns text language sql as $$
    select coalesce(string_agg(concat_ws(' ', s.source_key, o.total_amount, (select count(*) from shop.order_items i where i.order_id = o.order_id)), ', ' order by s.source_key), '')
    from shop.source_orders s join shop.orders o using (order_id)
$$;
select pg_temp.take('customers', '{"1,,Ash,,,,,,,"}'), pg_temp.take('products', '{"1,Mug,Kitchen,1,,9,","2,Pot,Kitchen,1,,9,","3,Pan,Kitchen,1,,9,"}') \g /dev/null
select pg_temp.take('orders', '{"1,1,,2025-01-05,,,new,","2,1,,2025-01-05,,,new,","3,1,,2025-01-05,,,new,","4,1,,2025-01-05,,,new,"}') \g /dev/null

-- Never whole: not taken.
select is(pg_temp.take('order_details', '{"1,1,1,1,10.00,","1,2,2,-1,10.00,","2,1,1,1,10.00,","3,1,1,1,10.00,","3,x,2,1,10.00,","4,1,1,1,10.00,","4,2,2,1,10.00","9,1,1,0,1,"}'), '4/4/0', 'four of the lines are rejected');
select is(pg_temp.held(), '{"demo 1/2","demo 3/","demo 4/2","demo 9/1"}', 'each is known, also by a number that cannot be read, and of a record that is too short');
select is(pg_temp.assemble() ->> 'orders', '1', 'the order of which all lines were accepted');
select is(pg_temp.orders(), '2 10.00 1', 'is in the shop, and no other');
select is(pg_temp.findings(), '{line_rejected order 1,line_rejected order 3,line_rejected order 4}', 'the others are findings');
select is((select ops.source_orders_in_shop('demo') -> 'without'), '{"line_rejected": 3}', 'and a comparison says why');

-- Mended by the same key, by another where it had none; a duplicate mends, too.
select is(pg_temp.take('order_details', '{"1,2,2,1,10.00,"}'), '1/0/0', 'mended');
select is(pg_temp.take('order_details', '{"3,1,1,1,10.00,"}'), '0/0/1', 'a line that was there before');
select is(pg_temp.held(), '{"demo 3/","demo 4/2","demo 9/1"}', 'mends none whose number is not known');
select is(pg_temp.take('order_details', '{"3,2,2,1,10.00,"}'), '1/0/0', 'a new line does');
select is(pg_temp.assemble() ->> 'orders', '2', 'both orders are whole');
select is(pg_temp.orders(), '1 20.00 2, 2 10.00 1, 3 20.00 2', 'and in the shop');
select is(pg_temp.findings(), '{line_rejected order 4}', 'their findings are resolved');

-- In the shop, and a version that is rejected: it stays as it was, whatever else is new, until the line is as before or mended.
select is(pg_temp.take('order_details', '{"1,2,2,0,10.00,","1,3,3,1,5.00,"}'), '1/1/0', 'a change that cannot be, and a new line');
select pg_temp.assemble() \g /dev/null
select is(pg_temp.orders(), '1 20.00 2, 2 10.00 1, 3 20.00 2', 'change nothing');
select is(pg_temp.findings(), '{line_rejected order 1,line_rejected order 4}', 'but are a finding');
select is(pg_temp.take('order_details', '{"1,2,2,1,10.00,"}'), '0/0/1', 'as it was before');
select pg_temp.assemble() \g /dev/null
select is(pg_temp.orders(), '1 25.00 3, 2 10.00 1, 3 20.00 2', 'now the new line is taken');

-- In one batch the last of a key counts.
select is(pg_temp.take('order_details', '{"2,1,1,0,1,","2,1,1,2,10.00,","1,1,1,2,10.00,","1,1,1,0,1,"}'), '2/2/0', 'each key twice');
select is(pg_temp.held(), '{"demo 1/1","demo 4/2","demo 9/1"}', 'rejected where the last is');

-- Replay: what is rejected again after it was mended holds nothing up; what is accepted does not.
select is(pg_temp.take('order_details', '{"1,1,1,2,10.00,"}'), '0/0/1', 'mended by the version before');
select is((select rejected from ops.replay('source.order_details', '{}', false)), 7::bigint, 'all are judged again');
select is(pg_temp.held(), '{"demo 4/2","demo 9/1"}', 'nothing is held up anew');
select is(pg_temp.take('order_details', '{"4,2,2,1,10.00,"}', 'other'), '1/0/0', 'another source');
select is(pg_temp.held(), '{"demo 4/2","demo 9/1"}', 'mends nothing of this one');
select is(pg_temp.take('orders', '{"9,1,,2025-01-05,,,new,"}') || pg_temp.take('order_details', '{"9,2,2,1,1,"}'), '1/0/01/0/0', 'an order that comes after its rejected line');
select pg_temp.assemble() \g /dev/null
select is(pg_temp.findings(), '{line_rejected order 4,line_rejected order 9}', 'waits as well');
select is(pg_temp.take('order_details', '{"9,1,1,1,1,","4,2,2,1,10.00,"}'), '2/0/0', 'all mended');
select pg_temp.assemble() \g /dev/null
select is(pg_temp.orders(), '1 35.00 3, 2 20.00 1, 3 20.00 2, 4 20.00 2, 9 2 2', 'all are in the shop');
select is(pg_temp.findings(), '{}'::text[], 'and none is a finding');
select is(pg_temp.faults(), 0::bigint, 'stock, totals and books hold');

-- The rule of payment methods, and the CHECK that has it.
select is((select array_agg(shop.payment_method_rule(m)) from unnest('{card,CARD,cash_on_delivery,"",cheque,null}'::text[]) m), array['', 'payment_method_unknown', '', 'payment_method_unknown', 'payment_method_unknown', 'payment_method_unknown'], 'payment methods');
select is(pg_temp.state_as('emporium_owner', format('update shop.orders set payment_method = %L', v)), code, coalesce(v, 'none')) from (values ('card', '00000'), (null, '00000'), ('cheque', '23514')) as t (v, code);
select * from finish();
rollback;
