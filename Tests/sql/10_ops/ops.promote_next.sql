-- Order of batches, bytes that a loader vouched for wrongly, feeds.
begin;
\ir ../support.psql
select * from no_plan();
select is(pg_temp.state_as('promoter', $$select * from ops.promote_next('no.feed', 1)$$), 'EM010', 'an unknown feed');
select is(pg_temp.state_as('promoter', $$select * from ops.promote_next(null, 1)$$), 'EM010', 'a null feed');
select is_empty($$select * from ops.promote_next('membership.application', 1)$$, 'nothing is landed: no row');

select pg_temp.land_bytes(array['Ann Ash,ann@x.com,1990-01-01,11111111', '\x4af6726720416c742c6a40782e636f6d2c313939302d30312d30312c3131313131313131',
    'Bob Birch,bob@x.com,1990-01-01,1', '\x4e554c00', '\xff', '\xc080', '\xeda080']::bytea[]) as csv \gset
select pg_temp.land(array['{"name":"Cid Cox","email":"cid@x.com","date_of_birth":"1990-01-01","mobile_no":"11111111"}', '{', '{"name":"a\u0000b"}', '{"name":"\ud800"}',
    '', 'nonsense', '{"name":1e400000}', '[1,2]', repeat('[', 100000)], p_header => null, p_format => 'json') as json \gset
select pg_temp.land('{"Ann Ash,ann@x.com,1990-01-01,11111111"}') as last \gset
select results_eq('select batch_id from pg_temp.promote()', format('values (%s::bigint), (%s), (%s)', :csv, :json, :last), 'in the order they were landed');
select is(pg_temp.outcome(:csv, position), want, 'CSV bytes, record ' || position)
from (values (1, 'stored'), (2, 'invalid_utf8'), (3, 'mobile_not_8_digits'), (4, 'invalid_utf8'), (5, 'invalid_utf8'), (6, 'invalid_utf8'), (7, 'invalid_utf8')) as t (position, want);
select is(pg_temp.outcome(:json, position), want, 'JSON bytes, record ' || position)
from (values (1, 'stored'), (2, 'invalid_json'), (3, 'invalid_json'), (4, 'invalid_json'), (5, 'invalid_json'), (6, 'invalid_json'),
    (7, 'invalid_json'), (8, 'not_an_object'), (9, 'invalid_json')) as t (position, want);
select is(pg_temp.books(:csv), '7 = 1 + 6 + 0, promoted', 'the CSV batch balances');
select is(pg_temp.books(:json), '9 = 1 + 8 + 0, promoted', 'the JSON batch balances');
select is(pg_temp.outcome(:last, 1), 'duplicate_member', 'the last batch saw the first one''s member');
select is((select payload from staging.reject where batch_id = :csv and position = 5), '\xff'::bytea, 'rejects keep the bytes');
select is((select defect from staging.reject where batch_id = :csv and position = 5), 'invalid_utf8', 'and the defect that was found');
select is_empty($$select * from ops.reconcile('membership.application')$$, 'reconcile finds nothing');
select lives_ok('select * from membership.unsuccessful', 'and all of them can be shown');

-- A value that is too long for an index belongs to its row (class 54), not to the batch: else the feed stands still.
select pg_temp.land(array['Dan Day,dan@x.com,1990-01-01,11111111',
    'Eve ' || (select string_agg(md5(i::text), '') from generate_series(1, 400) i) || ',eve@x.com,1990-01-01,11111111', 'Fay Fox,fay@x.com,1990-01-01,11111111']) as long \gset
select is(pg_temp.state_as('postgres', 'select pg_temp.promote()'), '00000', 'a name too long for the index stops nothing');
select is(pg_temp.outcome(:long, position), want, 'with a name too long for the index, record ' || position)
from (values (1, 'stored'), (2, 'constraint_violation'), (3, 'stored')) as t (position, want);
select * from finish();
rollback;
