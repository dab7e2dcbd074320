-- Ids: last name, _, first 5 hex digits of SHA-256 of the birthday; and the rule of last names.
begin;
\ir ../support.psql
select * from no_plan();
select is(membership.plain_id('Smith', '1975-08-27'), 'Smith_c7677', 'the example of the assignment');
select is(membership.plain_id(name, day), name || '_' || left(encode(sha256(digits::bytea), 'hex'), 5), 'plain_id ' || digits)
from (values ('Smith', date '1975-08-27', '19750827'), ('O''Brien', '2000-02-29', '20000229'), ('李', '1000-01-01', '10000101'),
    ('van der Berg', '9999-12-31', '99991231')) as t (name, day, digits);
select is(membership.birthday_digits(day), digits, 'birthday_digits ' || digits)
from (values (date '1975-08-27', '19750827'), ('2000-02-29', '20000229'), ('1000-01-01', '10000101'), ('9999-12-31', '99991231'),
    ('2001-01-09', '20010109')) as t (day, digits);
set datestyle = 'German, DMY';
select is(membership.birthday_digits(make_date(1975, 8, 27)), '19750827', 'birthday_digits takes no notice of DateStyle');
select is(membership.plain_id('Smith', make_date(1975, 8, 27)), 'Smith_c7677', 'nor does plain_id');
reset datestyle;
set timezone = 'Pacific/Kiritimati';
select is(membership.plain_id('Smith', make_date(1975, 8, 27)), 'Smith_c7677', 'nor of the time zone');
reset timezone;
select is(membership.id_of('Smith_c7677', 1), 'Smith_c7677', 'the first has the plain id');
select is(membership.id_of('Smith_c7677', 2), 'Smith_c7677-2', 'the second -2');
select is(membership.id_of('Smith_c7677', 3), 'Smith_c7677-3', 'the third -3');
select is(membership.id_of('Smith_c7677', 1000000), 'Smith_c7677-1000000', 'the millionth -1000000');
select is(membership.name_rule(given), want, 'name_rule ' || pg_temp.shown(given))
from (values ('Smith', ''), ('李', ''), ('x', ''), (' x ', ''), (null, 'name_missing'), ('', 'name_missing'), (' ', 'name_missing'),
    ('    ', 'name_missing'), (repeat('x', 10240), '')) as t (given, want);
select * from finish();
rollback;
