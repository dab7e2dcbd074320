-- ops.start_run, open_batch, land_batch, is_landed, finish_run: the fence.
begin;
\ir ../support.psql
select * from no_plan();
set local role loader;
select ops.start_run('test', 'membership.application', '{"a":1}') as run \gset
select source_file_id as file from ops.register_file('membership.application', repeat('a', 64), 'one.csv', 10, 'csv') \gset
select batch_id as batch, slot, received_on, staging_table from ops.open_batch('membership.application') \gset
select batch_id as batch2 from ops.open_batch('membership.application') \gset
reset role;
select is(:'staging_table'::text, 'staging.membership_application', 'the table to copy into');
select is(:slot, (select current_slot::int from ops.feed where feed = 'membership.application'), 'the current slot');
select is(:'received_on'::date, (clock_timestamp() at time zone 'UTC')::date, 'the UTC day');
select ok(:batch2 > :batch, 'numbers rise');
select has_table('staging', ('reject_' || to_char(:'received_on'::date, 'YYYYMM'))::name, 'the day''s partition is there');
select ok(not ops.is_landed(:batch), 'an open batch is not landed');

select is(pg_temp.state_as('loader', format(
        'select ops.land_batch(%s, ''membership.application'', %s::smallint, %L, %s, %s, %s, %s, %s)', :batch, :slot, :'received_on', run, file, p_from, p_to, received)),
    state, name)
from (values
    ('wrong p_from', :run::bigint, :file::bigint, 5, 7, 2, 'EM020'), ('p_from before the start', :run, :file, -1, 1, 2, 'EM020'),
    ('p_to that does not follow', :run, :file, 0, 3, 2, 'EM020'), ('an unknown file', :run, -1, 0, 2, 2, '23503'),
    ('an unknown run', -1, :file, 0, 2, 2, '23503'), ('no rows', :run, :file, 0, 0, 0, '23514'),
    ('fewer than no rows', :run, :file, 0, -1, -1, '23514')) as t (name, run, file, p_from, p_to, received, state);
select is((select landed_records from ops.source_file where source_file_id = :file), 0::bigint, 'a refused batch moves nothing');
select is((select count(*) from ops.batch where batch_id = :batch), 0::bigint, 'and books nothing');

set local role loader;
insert into staging.membership_application (batch_id, position, line, slot, payload) values (:batch, 1, 2, :slot, 'a'), (:batch, 2, 3, :slot, 'b');
select ops.land_batch(:batch, 'membership.application', :slot::smallint, :'received_on', :run, :file, 0, 2, 2);
select ops.is_landed(:batch) as landed \gset
reset role;
select ok(:'landed', 'landed');
select is((select landed_records from ops.source_file where source_file_id = :file), 2::bigint, 'the file stands at 2');
select is(pg_temp.books(:batch), '2 = 0 + 0 + 0, landed', 'the books');
select is(pg_temp.state_as('loader', format(
        'select ops.land_batch(%s, ''membership.application'', 0::smallint, %L, %s, %s, %s, %s, %s)', batch, :'received_on', :run, :file, p_from, p_to, received)),
    state, name)
from (values ('the same batch twice', :batch, 2, 4, 2, '23505'), ('a zombie that still stands at 0', :batch2, 0, 2, 2, 'EM020'))
    as t (name, batch, p_from, p_to, received, state);
set local role loader;
select ops.land_batch(:batch2, 'membership.application', :slot::smallint, :'received_on', :run, :file, 2, 3, 1);
select ops.finish_file(:file, 3);
select batch_id as batch3 from ops.open_batch('membership.application') \gset
reset role;
select is(pg_temp.state_as('loader', format(
    'select ops.land_batch(%s, ''membership.application'', 0::smallint, %L, %s, %s, 3, 4, 1)', :batch3, :'received_on', :run, :file)),
    'EM020', 'nothing lands behind a loaded file');
update ops.source_file set state = 'failed' where source_file_id = :file;
select is(pg_temp.state_as('loader', format(
    'select ops.land_batch(%s, ''membership.application'', 0::smallint, %L, %s, %s, 3, 4, 1)', :batch3, :'received_on', :run, :file)),
    'EM020', 'nor behind a failed one');

set local role loader;
select ops.finish_run(:run, 'done') as summary \gset
reset role;
select is(:'summary'::jsonb, '{"files": 1, "read": 3, "stored": 0, "rejected": 0, "duplicate": 0, "pending": 3}', 'the run''s summary');
select is((select state::text || (finished_at is not null) from ops.run where run_id = :run), 'donetrue', 'the run is done');
select is((select summary from ops.run where run_id = :run), ops.run_summary(:run), 'and keeps its summary');
select is(pg_temp.state_as('loader', q), state, q)
from (values ($$select ops.start_run('x', 'no.feed', '{}')$$, 'EM010'), ($$select ops.open_batch('no.feed')$$, 'EM010'),
    ($$select ops.finish_run(-1, 'done')$$, 'EM005')) as t (q, state);
select * from finish();
rollback;
