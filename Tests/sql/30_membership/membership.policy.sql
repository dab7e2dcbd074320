-- The last gate: CHECKs and the policy trigger, for whoever writes by psql; policies are frozen.
begin;
\ir ../support.psql
select * from no_plan();
\set insert 'insert into membership.member (first_name, last_name, email, date_of_birth, mobile_no, above_18, policy_version) values '
select is(pg_temp.state_as('emporium_owner', :'insert' || v), state, 'as owner: ' || name)
from (values
    ('an eligible member', $$('A', 'Ash', 'a@x.com', '1990-01-01', '11111111', true, 1)$$, '00000'),
    ('the same person', $$('A', 'Ash2', 'A@X.com', '1990-01-01', '11111111', true, 1)$$, '23505'),
    ('the same id', $$('B', 'Ash', 'b@x.com', '1990-01-01', '11111111', true, 1)$$, '23505'),
    ('not an adult', $$('C', 'Cox', 'c@x.com', '2004-01-01', '11111111', true, 1)$$, '23514'),
    ('not an adult, and says so', $$('C', 'Cox', 'c@x.com', '2004-01-01', '11111111', false, 1)$$, '23514'),
    ('an adult who says he is none', $$('C', 'Cox', 'c@x.com', '1990-01-01', '11111111', false, 1)$$, '23514'),
    ('the last day of an adult', $$('C', 'Cox', 'c@x.com', '2003-12-31', '11111111', true, 1)$$, '00000'),
    ('another provider', $$('D', 'Day', 'd@x.org', '1990-01-01', '11111111', true, 1)$$, '23514'),
    ('a malformed e-mail', $$('D', 'Day', 'd', '1990-01-01', '11111111', true, 1)$$, '23514'),
    ('seven digits', $$('D', 'Day', 'd@x.com', '1990-01-01', '1111111', true, 1)$$, '23514'),
    ('no last name', $$('D', ' ', 'd@x.com', '1990-01-01', '11111111', true, 1)$$, '23514'),
    ('no first name but empty', $$('', 'Day', 'd@x.com', '1990-01-01', '11111111', true, 1)$$, '00000'),
    ('a policy that is none', $$('E', 'Elm', 'e@x.com', '1990-01-01', '11111111', true, 99)$$, '23514'),
    ('a null policy', $$('E', 'Elm', 'e@x.com', '1990-01-01', '11111111', true, null)$$, '23502'),
    ('a null above_18', $$('E', 'Elm', 'e@x.com', '1990-01-01', '11111111', null, 1)$$, '23502'),
    ('a null e-mail', $$('E', 'Elm', null, '1990-01-01', '11111111', true, 1)$$, '23502'),
    ('infinity', $$('E', 'Elm', 'e@x.com', 'infinity', '11111111', true, 1)$$, '0A000'),
    -- infinity has no digits: the generated column refuses it before the CHECK does
    ('minus infinity', $$('E', 'Elm', 'e@x.com', '-infinity', '11111111', true, 1)$$, '0A000'),
    ('before the year 1000', $$('E', 'Elm', 'e@x.com', '0999-12-31', '11111111', true, 1)$$, '23514'),
    ('one bad among good', $$('F', 'Fox', 'f@x.com', '1990-01-01', '11111111', true, 1), ('F', 'Gum', 'g@x.com', '2010-01-01', '11111111', true, 1)$$, '23514')
) as t (name, v, state);
select is((select count(*) from membership.member), 3::bigint, 'only the eligible are there');
select is(pg_temp.state_as('emporium_owner', 'update membership.member set ' || v || ' where email = ''a@x.com'''), state, 'as owner: update to ' || v)
from (values ($$first_name = 'Z'$$, '00000'), ($$date_of_birth = '2010-01-01'$$, '23514'), ($$above_18 = false$$, '23514'), ($$email = 'a@x.org'$$, '23514'), ($$policy_version = 99$$, '23514'),
    ($$mobile_no = 'x'$$, '23514'), ($$ordinal = 0$$, '23514'), ($$membership_id = 'x'$$, '428C9')) as t (v, state);

-- Frozen.
select is(pg_temp.state_as('emporium_owner', q), 'EM040', q)
from unnest(array['update membership.policy set note = ''x''', 'delete from membership.policy', 'truncate membership.policy', 'update membership.policy set note = ''x'' where false']) q;
select throws_ok('delete from membership.policy', 'EM040', null, 'for a superuser, too');

-- The next version.
select membership.set_policy('strict', email_domains => '{emailprovider.com,emailprovider.net}') as strict_version \gset
select is(:strict_version, (select max(version) from membership.policy), 'set_policy gives the newest version');
select is((select count(*) from membership.policy), 2::bigint, 'one more');
select is((select row(n.as_of, n.adult_rule, n.mobile_white_space, n.date_formats, n.born_before)::text from membership.policy n order by version desc limit 1),
    (select row(o.as_of, o.adult_rule, o.mobile_white_space, o.date_formats, o.born_before)::text from membership.policy o where version = 1), 'the rest is as before');
select is((select email_domains from membership.policy order by version desc limit 1), '{emailprovider.com,emailprovider.net}', 'but for what was said');
select throws_ok(format('select membership.set_policy(''x'', %s)', v), '23514', null, 'refused: ' || v)
from unnest(array[$$adult_rule => 'over_21'$$, $$email_domains => '{}'$$, $$mobile_white_space => 'maybe'$$, $$date_formats => '{}'$$, $$date_formats => '{YYYY-DD-MM}'$$, $$date_formats => '{MM/DD/YYYY,DD/MM/YYYY}'$$,
    $$date_formats => '{DD-MM-YYYY,YYYYMMDD,MM-DD-YYYY}'$$, $$date_formats => '{DD.MM.YYYY,MM.DD.YYYY}'$$, $$date_formats => array['YYYY-MM-DD', null]$$, $$earliest_birthday => '0999-12-31'$$]) v;
select lives_ok($$select membership.set_policy('all shapes', date_formats => '{YYYY-MM-DD,YYYY/MM/DD,YYYY.MM.DD,YYYYMMDD,MM/DD/YYYY,DD-MM-YYYY,DD.MM.YYYY}')$$, 'one format of each shape');

-- Batches are judged by the newest, members name it.
select pg_temp.land('{"Ann Ash,n1@x.com,1990-01-01,11111111","Ann Ash,n2@emailprovider.com,1990-01-01,11111111"}') as strict \gset
select count(*) as n from pg_temp.promote() \gset
select is(pg_temp.outcome(:strict, 1) || ' ' || pg_temp.outcome(:strict, 2), 'email_provider stored', 'by the strict list');
select is((select policy_version from membership.member where email like 'n2%'), (select max(version) from membership.policy), 'the member names its policy');
select membership.set_policy('several', as_of => '2022-01-01', adult_rule => 'turned_19', email_domains => '{%}', mobile_white_space => 'fails', earliest_birthday => '1950-01-01', date_formats => '{DD/MM/YYYY}') as v \gset
select pg_temp.land('{"A Ash,o1@x.org,02/01/2003,11111111","A Ash,o2@x.org,01/01/2003,11111111","A Ash,o3@x.org,01/01/1990,1111 1111","A Ash,o4@x.org,31/12/1949,11111111","A Ash,o5@x.org,1990-01-01,11111111","A Ash,o6@x.org,12/31/1990,11111111","A Ash,o7@x.org,01/01/1990, 11111111 "}') as several \gset
select count(*) as n from pg_temp.promote() \gset
select is(pg_temp.outcome(:several, p), want, 'other readings, record ' || p)
from (values (1, 'not_over_18'), (2, 'stored'), (3, 'mobile_not_8_digits'), (4, 'date_of_birth_implausible'), (5, 'date_of_birth_format'), (6, 'date_of_birth_impossible'), (7, 'stored')) as t (p, want);
select * from finish();
rollback;
