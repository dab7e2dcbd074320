-- Formats by shape, digits, the calendar, and the rule of birthdays.
begin;
\ir ../support.psql
select * from no_plan();

-- Every format alone: it reads its own shape, and no other.
create temp table shape (format text, given text, digits text);
insert into shape values
    ('YYYY-MM-DD', '1975-08-27', '19750827'), ('YYYY/MM/DD', '1975/08/27', '19750827'), ('YYYY.MM.DD', '1975.08.27', '19750827'),
    ('YYYYMMDD', '19750827', '19750827'),
    ('MM/DD/YYYY', '08/27/1975', '19750827'), ('DD/MM/YYYY', '27/08/1975', '19750827'),
    ('MM-DD-YYYY', '08-27-1975', '19750827'), ('DD-MM-YYYY', '27-08-1975', '19750827'),
    ('MM.DD.YYYY', '08.27.1975', '19750827'), ('DD.MM.YYYY', '27.08.1975', '19750827');
select is(membership.date_format(given, array[format]), format, 'format ' || format || ' alone reads ' || given) from shape;
select is(membership.date_digits(given, format), digits, 'digits of ' || given || ' as ' || format) from shape;
select is(membership.date_format(s.given, array(select o.format from shape o where o.format <> s.format
        and translate(o.given, '0123456789', '##########') <> translate(s.given, '0123456789', '##########'))),
    '', 'other shapes do not read ' || s.given)
from shape s;
select is(membership.date_format('02/03/2001', '{MM/DD/YYYY}'), 'MM/DD/YYYY', 'an ambiguous date is read by the policy, American');
select is(membership.date_digits('02/03/2001', 'MM/DD/YYYY'), '20010203', 'its digits');
select is(membership.date_format('02/03/2001', '{DD/MM/YYYY}'), 'DD/MM/YYYY', 'an ambiguous date is read by the policy, British');
select is(membership.date_digits('02/03/2001', 'DD/MM/YYYY'), '20010302', 'its digits');
select is(membership.date_format(given, '{YYYY-MM-DD,YYYY/MM/DD,MM/DD/YYYY,DD-MM-YYYY}'), '', 'no format ' || pg_temp.shown(given))
from (values (''), (null), ('1975-8-27'), ('1975-08-27 '), ('1975-08-27T00:00'), ('75-08-27'), ('27 Aug 1975'), ('now'), ('infinity'),
    ('1975.08.27'), ('19750827'), ('1975–08–27'), ('27.08.1975'), (repeat('1', 10240))) as t (given);
select is(membership.date_digits('1975-08-27', ''), '', 'no format, no digits');
select is(membership.date_digits('1975-08-27', null), '', 'null format, no digits');
select is(membership.date_digits('1975-08-27', 'DD-Mon-YY'), '', 'an unknown format, no digits');

-- The calendar: every day of the years that are special, and the day after each month's end.
select is(
    (select count(*) from generate_series(date '1896-01-01', date '2104-12-31', '1 day') d
     where not membership.is_calendar_day(membership.birthday_digits(d::date))),
    0::bigint, 'every day from 1896 to 2104 is one');
select is(
    (select count(*) from generate_series(1896, 2104) y, generate_series(0, 14) m, generate_series(0, 33) d
     where membership.is_calendar_day(lpad(y::text, 4, '0') || lpad(m::text, 2, '0') || lpad(d::text, 2, '0'))),
    (date '2105-01-01' - date '1896-01-01')::bigint, 'and nothing else is');
select is(membership.is_calendar_day(digits), want, 'is_calendar_day ' || digits)
from (values
    ('20010131', true), ('20010132', false), ('20010228', true), ('20010229', false), ('20010331', true), ('20010332', false),
    ('20010430', true), ('20010431', false), ('20010531', true), ('20010630', true), ('20010631', false), ('20010731', true),
    ('20010831', true), ('20010930', true), ('20010931', false), ('20011031', true), ('20011130', true), ('20011131', false),
    ('20011231', true), ('20011232', false), ('20011301', false), ('20010001', false), ('20010100', false), ('20010000', false),
    ('19000228', true), ('19000229', false), ('20000229', true), ('20040229', true), ('20040230', false), ('20010230', false),
    ('21000229', false), ('24000229', true), ('10000101', true), ('99991231', true), ('00000229', true), ('19960231', false)
) as t (digits, want);

-- The rule: p_date as sent, digits, earliest, born_before.
select is(membership.birthday_rule(given, digits, '19000101', '20040101'), want, 'birthday_rule ' || pg_temp.shown(given) || ' ' || pg_temp.shown(digits))
from (values
    ('1975-08-27', '19750827', ''), (null, null, 'date_of_birth_missing'), ('', '', 'date_of_birth_missing'),
    ('x', '', 'date_of_birth_format'), ('x', '1975082', 'date_of_birth_format'), ('x', '197508277', 'date_of_birth_format'),
    ('x', '1975o827', 'date_of_birth_format'), ('x', 'abcd0229', 'date_of_birth_format'), ('x', '-9750827', 'date_of_birth_format'),
    ('x', '١٩٧٥', 'date_of_birth_format'), ('x', '١٩٧٥٠٨٢٧', 'date_of_birth_format'), ('x', 'infinity', 'date_of_birth_format'),
    ('1996/02/31', '19960231', 'date_of_birth_impossible'), ('x', '20010229', 'date_of_birth_impossible'),
    ('x', '00000000', 'date_of_birth_impossible'), ('x', '20011301', 'date_of_birth_impossible'),
    ('x', '19000101', ''), ('x', '18991231', 'date_of_birth_implausible'), ('x', '00010101', 'date_of_birth_implausible'),
    ('x', '20031231', ''), ('x', '20040101', 'not_over_18'), ('x', '99991231', 'not_over_18')
) as t (given, digits, want);

-- The policy's readings on 2022-01-01, from the policy itself.
create temp table reading (adult_rule text, born_before date);
with made as (
    insert into membership.policy (as_of, adult_rule, email_domains, mobile_white_space, date_formats)
    select '2022-01-01', rule, '{%}', 'ignored', '{YYYY-MM-DD}' from unnest('{over_18,at_least_18,turned_19}'::text[]) rule
    returning adult_rule, born_before
) insert into reading select * from made;
select is(
    membership.birthday_rule(t.day, replace(t.day, '-', ''), '10000101', membership.birthday_digits(r.born_before)),
    t.want, format('%s on 2022-01-01: born %s', r.adult_rule, t.day))
from reading r join (values
    ('over_18', '2003-12-31', ''), ('over_18', '2004-01-01', 'not_over_18'), ('over_18', '2004-01-02', 'not_over_18'),
    ('at_least_18', '2003-12-31', ''), ('at_least_18', '2004-01-01', ''), ('at_least_18', '2004-01-02', 'not_over_18'),
    ('turned_19', '2003-01-01', ''), ('turned_19', '2003-01-02', 'not_over_18'), ('turned_19', '2002-12-31', ''),
    ('turned_19', '2003-12-31', 'not_over_18')
) as t (adult_rule, day, want) using (adult_rule);
select is((select count(*) from reading), 3::bigint, 'three readings were compared');

-- A 29 February as the day of counting.
with made as (
    insert into membership.policy (as_of, adult_rule, email_domains, mobile_white_space, date_formats)
    values ('2024-02-29', 'at_least_18', '{%}', 'ignored', '{YYYY-MM-DD}') returning born_before)
select is((select born_before from made), date '2006-03-01', 'as of 2024-02-29 who was born on 2006-02-28 is 18');
select * from finish();
rollback;
