-- Rules never give null and never raise, whatever they are given; nor does a promote of the same values.
begin;
\ir ../support.psql
select * from no_plan();
create temp table hostile (v text);
insert into hostile
select v from unnest(array[null, '', ' ', E'\t', E'\n', E'\r\n', E'\u00a0', E'\u3000', E'\u200b', E'\ufeff', E'\u202e', ',', ', Jr.', 'Mr.', 'MD', '@', 'a@b', 'vera@v.v', '.', '..', '-', '--', '/', '//',
    '''', '"', '\', '\\', '%', '_', '%%', 'a\', '{}', '{', 'null', 'NULL', 'NaN', 'nan', 'infinity', '-infinity', 'now', 'today', 'epoch', 'allballs', '1e400', '1e131071', '-0', '0', '9223372036854775808',
    '1975-08-27', '1996/02/31', '00000000', '00000229', '99999999', 'abcd0229', '____-__-__', '____0229', '%%%%%%%%', '١٢٣٤٥٦٧٨', '١٩٧٥-٠٨-٢٧', '１９７５０８２７', '₁₂₃₄₅₆₇₈', 'Ⅷ', '①②③④⑤⑥⑦⑧',
    '🙂', '👨‍👩‍👧‍👦', 'e' || repeat(E'\u0301', 500), E'\x01\x02\x1f\x7f', E'\x1f', E'a\x1fb c', 'İstanbul', 'ß', 'ﬁ', E'\u1e9e', ''');drop table membership.member;--', '$(reboot)', '=cmd|''/c calc''!A0',
    '李小龍', 'محمد', repeat('a', 10240), repeat(' ', 10240), repeat(',', 10240), repeat('a ', 5120), repeat('a,', 5120), repeat('Jr. ', 2560), repeat('Mr. ', 2560), repeat('van ', 2560), repeat('@', 10240),
    repeat('a.', 5120) || '@' || repeat('b.', 5120), repeat('1', 10240), repeat('🙂', 2560), repeat(E'\u0301', 5120), repeat(E'\x1f', 10240), repeat('%_\', 3413)]) v;

-- One argument: each rule by name, on each value.
create function pg_temp.try(p_call text, p_value text) returns text language plpgsql as $$
declare v text;
begin
    execute 'select (' || p_call || ')::text' into v using p_value;
    return case when v is null then 'null' else 'fine' end;
exception when others then return sqlstate;
end $$;
select is_empty(
    format('select %L, pg_temp.shown(v), pg_temp.try(%1$L, v) from hostile where pg_temp.try(%1$L, v) <> ''fine''', call), 'never null, never an error: ' || call)
from unnest(array['membership.mobile_rule($1)', 'membership.email_rule($1)', 'membership.name_rule($1)', 'membership.application_name_rule($1)', 'membership.split_name($1)',
    'membership.email_provider_rule($1, ''{%.com,%.net}'')', 'membership.email_provider_rule($1, ''{emailprovider.com,emailprovider.net}'')',
    'membership.date_format($1, ''{YYYY-MM-DD,YYYY/MM/DD,MM/DD/YYYY,DD-MM-YYYY}'')', 'membership.date_format($1, ''{YYYYMMDD,DD.MM.YYYY,YYYY.MM.DD,DD/MM/YYYY}'')',
    'membership.birthday_rule($1, $1, ''10000101'', ''20040101'')', 'membership.birthday_rule(''x'', $1, ''10000101'', ''20040101'')',
    'membership.birthday_rule($1, membership.date_digits($1, membership.date_format($1, ''{YYYY-MM-DD,YYYY/MM/DD,MM/DD/YYYY,YYYYMMDD}'')), ''10000101'', ''20040101'')',
    'membership.birthday_rule($1, $1, null, null)', 'coalesce(membership.date_digits($1, ''YYYY-MM-DD''), '''')', 'coalesce(staging.trimmed($1), '''')', 'coalesce(ops.spreadsheet_safe($1), '''')']) call;
select is_empty($$select pg_temp.shown(v) from hostile where cardinality(membership.split_name(v)) <> 2 or array_position(membership.split_name(v), null) is not null$$, 'split_name gives two strings');
select is_empty($$select pg_temp.shown(v) from hostile where membership.split_name(v)::text ~ '\x1f' and v !~ '\x1f'$$, 'and leaves no mark of its own in them');

-- Each value in each column, the other three good, through the very promote: the batch ends, and it balances.
select pg_temp.land(array(
        select convert_from(convert_to('row', 'UTF8'), 'UTF8') from hostile, generate_series(1, 4) where v is not null), p_fields => (
        select jsonb_agg(case c
            when 1 then jsonb_build_array(v, 'h' || row_number || '@x.com', '1990-01-01', '11111111') when 2 then jsonb_build_array('Ann Ash', v, '1990-01-01', '11111111')
            when 3 then jsonb_build_array('Ann Ash', 'h' || row_number || '@x.com', v, '11111111') else jsonb_build_array('Ann Ash', 'h' || row_number || '@x.com', '1990-01-01', v) end)
        from (select v, c, row_number() over () from hostile, generate_series(1, 4) c where v is not null) n)) as batch \gset
select is(pg_temp.state_as('postgres', 'select pg_temp.promote()'), '00000', 'a promote of all of them goes through');
select is((select state::text from ops.batch where batch_id = :batch), 'promoted', 'the batch is promoted');
select ok((select rejected > 200 and stored > 20 from ops.batch where batch_id = :batch), 'most are rejected, some stored');
select is_empty('select * from ops.reconcile(''membership.application'')', 'and the books hold');
select is_empty($$select position from staging.reject where codes = '{constraint_violation}' and octet_length(fields[1]) < 2000$$, 'rules, not constraints, turned them down');

-- Time grows with a name's length, not with its square: 100 kB take milliseconds; the limit only ends what would take minutes.
create function pg_temp.in_time(p_name text) returns text language plpgsql as $$
begin
    perform membership.split_name(p_name);
    return 'in time';
exception when query_canceled then return 'canceled';
end $$;
set statement_timeout = '4s';
select is(pg_temp.in_time(v), 'in time', 'a name of 100 kB: ' || pg_temp.shown(left(v, 20)))
from unnest(array[repeat('x', 100000), repeat('x ', 50000), repeat('x,', 50000), repeat('Mr. ', 25000), repeat('Jr. ', 25000), 'Smith ' || repeat('van ', 25000)]) v;
select is(pg_temp.in_time(repeat(',', 100000)), 'in time', 'a name of 100 kB: commas');
select is(pg_temp.in_time('Smith' || repeat(', Jr.', 20000)), 'in time', 'a name of 100 kB: suffixes behind commas');
reset statement_timeout;
select * from finish();
rollback;
