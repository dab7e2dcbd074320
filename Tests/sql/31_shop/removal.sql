-- Duplicate orders: which there are, removing them, what stays and why, putting them back; as the role that may.
begin;
\ir ../support.psql
\ir fixture.psql
\ir removal.psql
select * from no_plan();
set local timezone = 'America/New_York';  -- days are of UTC all the same

-- Ann: a day with two orders of equal lines and a third one; on her latest day an order, one in another currency, one cancelled, one equal.
select is(pg_temp.placed(101, '{{1,2,10,0},{2,1,30,0}}', p_status => 'delivered', p_date => '2025-01-10 00:00Z'), '', '101')
union all select is(pg_temp.placed(102, '{{2,1,30.00,0},{1,2,10.0,0}}', p_status => 'paid', p_date => '2025-01-10 23:59:59Z'), '', '102: the lines of 101')
union all select is(pg_temp.placed(103, '{{1,2,10,1}}', p_status => 'shipped', p_date => '2025-01-10 12:00Z'), '', '103: others')
union all select is(pg_temp.placed(104, '{{1,1,10,0}}', p_date => '2025-02-01 08:00Z'), '', '104')
union all select is(pg_temp.placed(105, '{{1,1,10,0}}', p_currency => 'USD', p_date => '2025-02-01 09:00Z'), '', '105: as 104, in another currency')
union all select is(pg_temp.placed(106, '{{1,1,10,0}}', p_status => 'cancelled', p_date => '2025-02-01 07:00Z'), '', '106: as 104, cancelled')
union all select is(pg_temp.placed(107, '{{1,1,10,0}}', p_date => '2025-02-01 10:00Z'), '', '107: as 104')
-- Bob: an order that was cancelled and placed again; two of one day, the second one returned; a cancelled order on a later day.
union all select is(pg_temp.placed(111, '{{1,3,10,0}}', p_status => 'cancelled', p_customer => 2, p_date => '2025-01-10 12:00Z'), '', '111')
union all select is(pg_temp.placed(112, '{{1,3,10,0}}', p_customer => 2, p_date => '2025-01-10 13:00Z'), '', '112')
union all select is(pg_temp.placed(114, '{{1,4,10,0}}', p_status => 'delivered', p_customer => 2, p_date => '2025-02-10 12:00Z'), '', '114')
union all select is(pg_temp.placed(115, '{{1,4,10,0}}', p_status => 'returned', p_customer => 2, p_date => '2025-02-10 12:00Z'), '', '115')
union all select is(pg_temp.placed(116, '{{1,4,10,0}}', p_status => 'cancelled', p_customer => 2, p_date => '2025-03-01 12:00Z'), '', '116')
-- Cy: one UTC day that is two days in New York; three orders, the second and the third one with a product that he has reviewed.
union all select is(pg_temp.placed(121, '{{1,1,10,0}}', p_status => 'delivered', p_customer => 3, p_date => '2025-01-11 01:30Z'), '', '121')
union all select is(pg_temp.placed(122, '{{1,1,10,0},{3,1,25.50,0}}', p_status => 'delivered', p_customer => 3, p_date => '2025-01-11 12:00Z'), '', '122')
union all select is(pg_temp.placed(123, '{{3,2,25.50,0}}', p_status => 'delivered', p_customer => 3, p_date => '2025-01-11 14:00Z'), '', '123')
union all select is(pg_temp.placed(124, '{{3,1,25.50,0}}', p_customer => 3, p_date => '2025-01-12 01:30Z'), '', '124: the next day of UTC');
select is(pg_temp.done($$insert into shop.product_reviews (product_id, customer_id, rating, review_date) values (3, 3, 5, '2025-02-01'), (1, 3, 5, '2025-02-01')$$), '', 'Cy reviews');
select is(pg_temp.done($$insert into shop.order_without_time values (101), (102), (104)$$), '', 'of some the day alone is known');
select is(pg_temp.done($$update shop.order_status_history set changed_at = '2025-01-10', changed_by = 'someone' where order_id = 102$$), '', 'a history of its own');
select is(pg_temp.stock(), '82 3 6 0', 'the stock');

-- Which there are.
create function pg_temp.found(p_scope text, p_same text) returns text language sql as $$
    select string_agg(order_id || '>' || kept_order_id, ' ' order by order_id) from shop.duplicate_orders(p_scope, p_same)
$$;
select is(pg_temp.found(scope, same), expected, format('%s, %s', scope, same)) from (values
    ('all', 'day', '102>101 103>101 105>104 107>104 115>114 122>121 123>121'), ('all', 'content', '102>101 107>104 115>114'),
    ('latest date of each customer', 'day', '105>104 107>104 115>114'), ('latest date of each customer', 'content', '107>104 115>114')) as v (scope, same, expected);

-- Who may.
select is(pg_temp.state_as(role, q), case when role = 'promoter' and q like '%remove%' then '00000' when role = 'promoter' then 'EM601' else '42501' end, role || ': ' || q)
from unnest('{promoter,loader,relay,relay_admin,collector,collector_admin,registrar,membership_reader,logistics,analytics,sales,privacy}'::text[]) role,
    unnest('{select * from shop.remove_duplicate_orders(),select * from shop.restore_orders(1)}'::text[]) q;
select is(pg_temp.state_as('promoter', q), '42501', 'promoter: ' || q) from unnest(array['delete from shop.orders', 'select * from shop.orders', 'select * from shop.order_removal_order',
    'select * from shop.order_removal_line', 'select * from shop.order_removal_status', 'update shop.order_removal set restored_at = null', 'delete from shop.order_removal', 'select * from shop.duplicate_orders(''all'', ''day'')']) q;
select is(pg_temp.state_as('promoter', q), 'EM600', q) from unnest(array['select * from shop.remove_duplicate_orders(scope => ''none'')', 'select * from shop.remove_duplicate_orders(same => ''lines'')',
    'select * from shop.remove_duplicate_orders(scope => null)', 'select * from shop.remove_duplicate_orders(same => null)']) q;

-- A dry run lists and leaves all as it is, and is what is done when nothing else is said.
create temp table before as select * from pg_temp.tables();
select results_eq($$select pg_temp.rows_as('promoter', 'select * from shop.remove_duplicate_orders(scope => ''all'')')$$,
    array['(102,101,1,2025-01-10,50.00,EUR,2,"would be removed",)', '(103,101,1,2025-01-10,19,EUR,1,"would be removed",)', '(105,104,1,2025-02-01,10,USD,1,"would be removed",)',
        '(107,104,1,2025-02-01,10,EUR,1,"would be removed",)', '(115,114,2,2025-02-10,40,EUR,1,"would be removed",)',
        '(122,121,3,2025-01-11,35.50,EUR,2,"kept: a review of product 3 rests on it",)', '(123,121,3,2025-01-11,51.00,EUR,1,"would be removed",)'], 'a dry run lists');
select results_eq($$select pg_temp.rows_as('promoter', 'select order_id, action from shop.remove_duplicate_orders()')$$, array['(105,"would be removed")', '(107,"would be removed")', '(115,"would be removed")'],
    'the latest day and the day are what is asked for when nothing is said');
select is(pg_temp.state_as('promoter', 'select * from shop.remove_duplicate_orders(''all'', ''day'', null)'), '00000', 'null for dry_run');
select results_eq('select * from pg_temp.tables()', 'select * from before', 'is a dry run, too; nothing has changed');
select is_empty('select * from shop.order_removal', 'nothing is booked');

-- Removing by content, then by day, then undoing both.
select results_eq($$select pg_temp.rows_as('promoter', 'select order_id, kept_order_id, lines, action from shop.remove_duplicate_orders(scope => ''all'', same => ''content'', dry_run => false)')$$,
    array['(102,101,2,removed)', '(107,104,1,removed)', '(115,114,1,removed)'], 'removed by content');
set constraints all immediate; set constraints all deferred;
select max(removal_id) as first from shop.order_removal \gset
select is(pg_temp.stock(), '85 4 6 0', 'the stock is back, of the returned order not twice');
select results_eq('select scope, same, orders, lines, pieces, amounts, removed_by, restored_at from shop.order_removal',
    $$values ('all', 'content', 3::bigint, 4::bigint, 4::bigint, '{"EUR": 100.00}'::jsonb, session_user, null::timestamptz)$$, 'booked');
select is(pg_temp.copies(), '3 4 3', 'with copies');
select is_empty($$select pg_temp.rows_as('promoter', 'select * from shop.remove_duplicate_orders(''all'', ''content'', false)')$$, 'a second call removes nothing');
select is((select count(*) from shop.order_removal), 1::bigint, 'and books nothing');
create temp table between as select * from pg_temp.tables();
select results_eq($$select pg_temp.rows_as('promoter', 'select order_id, action from shop.remove_duplicate_orders(''all'', ''day'', false)')$$,
    array['(103,removed)', '(105,removed)', '(122,"kept: a review of product 3 rests on it")', '(123,removed)'], 'removed by day, and one kept');
set constraints all immediate; set constraints all deferred;
select max(removal_id) as second from shop.order_removal \gset
select is(amounts, '{"EUR": 70.00, "USD": 10}', 'amounts by currency') from shop.order_removal where removal_id = :second;
select is(pg_temp.stock(), '88 4 8 0', 'the stock is back');
select is_empty('select * from shop.order_fault', 'no order has a fault');
select is_empty('select * from shop.stock_fault', 'no stock has a fault');
select results_eq('select order_id from shop.order_without_time order by 1', 'values (101::bigint), (104)', 'orders without time that are left');
select is(pg_temp.told('sales', 'select shop.remove_product(3)'), 'retired', 'a product that removed orders hold');

select is(pg_temp.state_as('promoter', 'select * from shop.restore_orders(-1)'), 'EM601', 'a removal that is none');
select is(pg_temp.state_as('promoter', 'select * from shop.restore_orders(null)'), 'EM601', 'nor is null');
select results_eq(format($$select pg_temp.rows_as('promoter', 'select * from shop.restore_orders(%s)')$$, :second), array['(103,101,1,2025-01-10,19,EUR,1)', '(105,104,1,2025-02-01,10,USD,1)', '(123,121,3,2025-01-11,51.00,EUR,1)'], 'the second one is put back');
set constraints all immediate; set constraints all deferred;
select results_eq('select * from pg_temp.tables()', 'select * from between', 'all tables are as they were before it');
select is(pg_temp.state_as('promoter', format('select * from shop.restore_orders(%s)', :second)), 'EM602', 'it cannot be put back twice');

-- What stands in the way of putting back.
select is(pg_temp.state_as('logistics', 'select shop.receive_stock(1, -83)'), '00000', 'goods are lost');
select is(pg_temp.state_as('promoter', format('select * from shop.restore_orders(%s)', :first)), 'EM603', 'the stock is no longer there');
select is(pg_temp.copies() || pg_temp.stock(), '3 4 32 4 6 0', 'nothing has changed');
select is(pg_temp.state_as('logistics', 'select shop.receive_stock(1, 83)'), '00000', 'goods come in');
select is(pg_temp.placed(107, '{{1,1,10,0}}', p_customer => 3, p_date => '2025-06-01'), '', 'somebody else gets the number 107');
select is(pg_temp.state_as('promoter', format('select * from shop.restore_orders(%s)', :first)), 'EM604', 'the number is taken');
select is(pg_temp.done('delete from shop.order_items where order_id = 107; delete from shop.orders where order_id = 107'), '', 'and free again');
delete from shop.stock_movement where reason in ('receipt', 'write_off');  -- 83 pieces that went and came
select results_eq(format($$select pg_temp.rows_as('promoter', 'select order_id from shop.restore_orders(%s)')$$, :first), array['(102)', '(107)', '(115)'], 'the first one is put back');
set constraints all immediate; set constraints all deferred;
select results_eq('select * from pg_temp.tables()', 'select * from before', 'all tables are as they were at first');
select is(pg_temp.copies(), '0 0 0', 'no copy is left');
select results_eq('select removal_id, restored_by from shop.order_removal order by 1', format('values (%s::bigint, session_user), (%s, session_user)', :first, :second), 'the books say so');
select is_empty('select * from shop.order_fault', 'no order has a fault');
select is_empty('select * from shop.stock_fault', 'no stock has a fault');

-- Tables of others that refer to orders: theirs are kept, also where their rows would go with the order.
set local role emporium_owner;
create table shop.ticket (ticket_id bigint primary key, order_id bigint not null references shop.orders on delete cascade);
create table shop."Odd one" ("a ""line""" bigint, product bigint, foreign key ("a ""line""", product) references shop.order_items on delete restrict);
insert into shop.ticket values (1, 102), (2, 101);
insert into shop."Odd one" values (107, 1), (115, 1), (115, 1);
reset role;
select results_eq($$select pg_temp.rows_as('promoter', 'select order_id, action, removal_id is null from shop.remove_duplicate_orders(''all'', ''content'', false)')$$,
    array['(102,"kept: shop.ticket refers to it",t)', '(107,"kept: shop.""Odd one"" refers to it",t)', '(115,"kept: shop.""Odd one"" refers to it",t)'], 'orders that others refer to are kept');
select is((select count(*) from shop.order_removal), 2::bigint, 'where all are kept, nothing is booked');
create role odd_role;
set local role emporium_owner;
grant references on shop.orders to odd_role;
grant create, usage on schema shop to odd_role;
set local role odd_role;
create table shop.hidden (order_id bigint references shop.orders);
reset role;
select is(pg_temp.state_as('promoter', 'select * from shop.remove_duplicate_orders(''all'')'), 'EM605', 'a table that cannot be read');
drop table shop.hidden;
create schema odd authorization odd_role;
set local role odd_role;
create table odd.hidden (order_id bigint references shop.orders);
grant select on odd.hidden to emporium_owner;
reset role;
select is(pg_temp.state_as('promoter', 'select * from shop.remove_duplicate_orders(''all'')'), 'EM605', 'one in a schema that is closed');
grant usage on schema odd to emporium_owner;
select is(pg_temp.state_as('promoter', 'select * from shop.remove_duplicate_orders(''all'')'), '00000', 'and open');

-- The order that stays was cancelled: the next one is an order in its own right.
select is(pg_temp.done('drop table shop.ticket; drop table shop."Odd one"; update shop.orders set status = ''cancelled'' where order_id = 104'), '', '104 is cancelled');
select is(pg_temp.found('latest date of each customer', 'day'), '107>105 115>114', 'no longer one that others are duplicates of');

-- Copies have the columns of what they are copies of: who gives orders a column more gives it to these.
create function pg_temp.columns(p_table text, p_without text[] default '{}') returns text language sql as $$
    select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attname) from pg_attribute
    where attrelid = p_table::regclass and attnum > 0 and not attisdropped and attname <> all (p_without)
$$;
select is(pg_temp.columns('shop.order_removal_order', '{removal_id,kept_order_id,without_time}'), pg_temp.columns('shop.orders'), 'columns of orders');
select is(pg_temp.columns('shop.order_removal_line', '{removal_id}'), pg_temp.columns('shop.order_items'), 'columns of lines');
select is(pg_temp.columns('shop.order_removal_status', '{removal_id}'), pg_temp.columns('shop.order_status_history'), 'columns of history');
select is(pg_temp.columns('shop.order_without_time'), 'order_id bigint', 'columns of orders without time');
select * from finish();
rollback;
