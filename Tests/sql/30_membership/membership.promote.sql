-- A batch of applications becomes members and rejects: as loader and promoter.
begin;
\ir ../support.psql
select * from no_plan();
-- clean, all bad, mixed
select pg_temp.land('{"Ann Ash,ann@x.com,1990-01-02,11111111","Bob Birch,bob@x.net,1990/01/03,22222222","Cid Cox,cid@x.com,01/04/1990,33333333","Dan Day,dan@x.com,05-01-1990,4444 4444"}') as clean \gset
select pg_temp.land('{",,,","x","","Eve Elm,eve@x.org,2010-01-01,1"}') as bad \gset
select pg_temp.land(array['Fay Fox,fay@x.com,1990-01-01,55555555', 'Fay Fox,FAY@X.com,1990-01-01,66666666', 'Ann Ash,ANN@x.COM,1990-01-02,77777777', 'Ann Ash,ann@x.com,1990-01-09,77777777',
    'Gus Gum,vera@v.v,1990-01-01,11111111', 'Gus Gum,gus,1990-01-01,11111111', 'Gus Gum,,1990-01-01,11111111', 'Gus Gum,g us@x.com,1990-01-01,11111111', 'Gus Gum,g1@x.com,1996/02/31,11111111',
    'Gus Gum,g2@x.com,1990.01.01,11111111', 'Gus Gum,g3@x.com,,11111111', 'Gus Gum,g4@x.com,2004-01-01,11111111', 'Gus Gum,g5@x.com,2003-12-31,11111111', 'Gus Gum,g6@x.com,13/01/1990,11111111',
    'Gus Gum,g7@x.com,1990-01-01,', 'Gus Gum,g8@x.com,1990-01-01,1234567', 'Mr.,g9@x.com,1990-01-01,11111111', ',g10@x.com,1990-01-01,11111111', '  ,h1@x.com,1990-01-01,11111111', 'Gus Gum,h2@x.com,1990-01-01,11111111,x',
    'Gus Gum,h3@x.com,1990-01-01', 'Gus Gum, h4@x.com , 1990-01-01 , 1111 1111 ', E'\u00a0Gus Gum\u00a0,h5@x.com\u00a0,\u00a01990-01-01,1111\u00a01111', 'Gus Gum,h6@x.com,0001-01-01,11111111',
    'Gus Gum,h7@x.com,now,11111111', 'Gus Gum,h8@x.com,infinity,11111111', 'Gus Gum,h9@x.com,1990-01-01,١١١١١١١١', 'Gus Gum,i1@x.com,١٩٩٠-٠١-٠١,11111111', 'Dr. Gus Gum Jr.,i2@x.com,1990-01-01,11111111']) as mixed \gset
select results_eq('select batch_id, received, stored, rejected, duplicate from pg_temp.promote()',
    format('values (%s::bigint, 4::bigint, 4::bigint, 0::bigint, 0::bigint), (%s, 4, 0, 4, 0), (%s, 29, 6, 21, 2)', :clean, :bad, :mixed), 'what promote says it did');
select is(pg_temp.outcome(:clean, p), 'stored', 'clean, record ' || p) from generate_series(1, 4) p;
select is((select array_agg(date_of_birth || ' ' || mobile_no order by position) from membership.member where batch_id = :clean),
    '{"1990-01-02 11111111","1990-01-03 22222222","1990-01-04 33333333","1990-01-05 44444444"}', 'each date format, and white space in a number');
select is(pg_temp.outcome(:bad, p), want, 'all bad, record ' || p)
from (values (1, 'name_missing,email_missing,date_of_birth_missing,mobile_missing'), (2, 'column_count'), (3, 'column_count'), (4, 'email_provider,not_over_18,mobile_not_8_digits')) as t (p, want);
select is(pg_temp.outcome(:mixed, p), want, 'mixed, record ' || p)
from (values (1, 'stored'), (2, 'duplicate_member'), (3, 'duplicate_member'), (4, 'stored'), (5, 'email_provider'), (6, 'email_malformed'), (7, 'email_missing'), (8, 'email_malformed'),
    (9, 'date_of_birth_impossible'), (10, 'date_of_birth_format'), (11, 'date_of_birth_missing'), (12, 'not_over_18'), (13, 'stored'), (14, 'date_of_birth_impossible'), (15, 'mobile_missing'),
    (16, 'mobile_not_8_digits'), (17, 'name_missing'), (18, 'name_missing'), (19, 'name_missing'), (20, 'column_count'), (21, 'column_count'), (22, 'stored'), (23, 'stored'),
    (24, 'date_of_birth_implausible'), (25, 'date_of_birth_format'), (26, 'date_of_birth_format'), (27, 'mobile_not_8_digits'), (28, 'date_of_birth_format'), (29, 'stored')) as t (p, want);
select is((select email || '|' || mobile_no || '|' || first_name || '|' || last_name from membership.member where batch_id = :mixed and position = 23), 'h5@x.com|11111111|Gus|Gum', 'fields are trimmed');
select is((select bool_and(above_18 and policy_version = 1 and run_id is not null and line = position + 1) from membership.member), true, 'members keep policy, run and line');
select is_empty('select * from staging.reject where cardinality(codes) <> cardinality(reasons) or reasons::text ~ ''[a-z]_[a-z]'' and disposition = ''rejected''', 'each code has a sentence');
select is((select array_agg(distinct disposition || ' ' || severity) from staging.reject), '{"duplicate info","rejected error"}', 'dispositions and severities');
select is((select convert_from(payload, 'UTF8') from staging.reject where batch_id = :mixed and position = 8), 'Gus Gum,g us@x.com,1990-01-01,11111111', 'a reject keeps its bytes');
select is((select reasons[1] from staging.reject where batch_id = :mixed and position = 3) like '%: Ash_' || left(encode(sha256('19900102'), 'hex'), 5), true, 'a duplicate names the member');

-- People who share a plain id; who was turned down before; the same person in later batches.
select pg_temp.land('{"Jo Twin,jo1@x.com,1980-05-05,11111111","Al Twin,jo2@x.com,1980-05-05,11111111","Jo Twin,jo1@x.com,1980-05-05,11111111"}') as t1 \gset
select pg_temp.land('{"Mo Twin,jo3@x.com,1980-05-05,11111111","Mo Twin,JO3@X.COM,1980-05-05,99999999","Eve Elm,eve@x.com,1990-01-01,11111111","Late Bloomer,late@x.com,1990-01-01,1"}') as t2 \gset
select pg_temp.land('{"Jo Twin,jo1@x.com,1980-05-05,11111111","Jo Twin,jo1@x.com,1980-05-06,11111111","Late Bloomer,late@x.com,1990-01-01,11111111"}') as t3 \gset
select count(*) as n from pg_temp.promote() \gset
select is((select array_agg(membership_id || ' ' || plain_id || ' ' || ordinal || ' ' || email order by ordinal) from membership.member where date_of_birth = '1980-05-05'),
    array[format('Twin_%1$s Twin_%1$s 1 jo1@x.com', d), format('Twin_%1$s-2 Twin_%1$s 2 jo2@x.com', d), format('Twin_%1$s-3 Twin_%1$s 3 jo3@x.com', d)], 'different people of one plain id: -2 in the batch, -3 in the next')
from left(encode(sha256('19800505'), 'hex'), 5) d;
select is(pg_temp.books(:t1), '3 = 2 + 0 + 1, promoted', 'the first batch of twins');
select is(pg_temp.books(:t2), '4 = 2 + 1 + 1, promoted', 'the second');
select is(pg_temp.outcome(:t3, p), want, 'the third, record ' || p) from (values (1, 'duplicate_member'), (2, 'stored'), (3, 'stored')) as t (p, want);
select is_empty('select * from ops.reconcile(''membership.application'')', 'the books hold');

-- Quoted fields, another order, more columns, header names folded.
select pg_temp.land(array['"Ash, Kay",k1@x.com,1990-01-01,11111111', 'Lee Low,k2@x.com,1990-01-01,11111111', '"Max ""M"" Moe",k3@x.com,1990-01-01,"1"'],
    p_fields => '[["Ash, Kay","k1@x.com","1990-01-01","11111111"],null,["Max \"M\" Moe","k3@x.com","1990-01-01","1"]]') as quoted \gset
select pg_temp.land('{"x,11111111,1990-01-01,n1@x.com,y,Nan Noe,z","11111111,1990-01-01,n2@x.com,Nan Noe"}', p_header => '{id,"Mobile No",Date-of-Birth,EMAIL,note,Name,note}') as wide \gset
select pg_temp.land(array['Oz Orr,o1@x.com,1990-01-01,11111111', 'open "quote'], p_defects => array[null, 'open_quote']) as defect \gset
select count(*) as n from pg_temp.promote() \gset
select is((select first_name || '|' || last_name from membership.member where batch_id = :quoted and position = 1), 'Kay|Ash', 'a quoted name with a comma in it');
select is(pg_temp.outcome(:quoted, 2) || ' ' || pg_temp.outcome(:quoted, 3), 'stored mobile_not_8_digits', 'the rows beside it');
select is((select fields[1] from staging.reject where batch_id = :quoted and position = 3), 'Max "M" Moe', 'a reject keeps its fields');
select is((select email || '|' || last_name || '|' || mobile_no || '|' || date_of_birth from membership.member where batch_id = :wide), 'n1@x.com|Noe|11111111|1990-01-01', 'columns in another order and more of them');
select is(pg_temp.outcome(:wide, 2), 'column_count', 'a row of the wrong width there');
select is(pg_temp.outcome(:defect, 1) || ' ' || pg_temp.outcome(:defect, 2), 'stored open_quote', 'the loader''s defects');

-- JSON
select pg_temp.land(array['{"name":"Pia Poe","email":"p1@x.com","date_of_birth":"1990-01-01","mobile_no":12345678}', '{"name":"Pia Poe","email":"p2@x.com","date_of_birth":19900101,"mobile_no":"12345678"}',
    '[]', 'null', '1', '"x"', '{}', '{"name":null,"email":true,"date_of_birth":[1],"mobile_no":{"a":1}}', '{"mobile_no":"12345678","extra":{"a":[1]},"name":"Pia Poe","date_of_birth":"1990-01-01","email":"p3@x.com"}',
    '{"name":"Pia Poe","email":"p4@x.com","date_of_birth":"1990-01-01","mobile_no":1.2345678e7}', '{"name":"Pia Poe","email":"p5@x.com","date_of_birth":"1990-01-01","mobile_no":12345678.0}'], p_format => 'json', p_header => null) as json \gset
select count(*) as n from pg_temp.promote() \gset
select is(pg_temp.outcome(:json, p), want, 'JSON, record ' || p)
from (values (1, 'stored'), (2, 'date_of_birth_format'), (3, 'not_an_object'), (4, 'not_an_object'), (5, 'not_an_object'), (6, 'not_an_object'),
    (7, 'name_missing,email_missing,date_of_birth_missing,mobile_missing'), (8, 'name_missing,email_malformed,date_of_birth_format,mobile_not_8_digits'), (9, 'stored'),
    (10, 'stored'), (11, 'mobile_not_8_digits')) as t (p, want);
select is_empty('select * from ops.reconcile(''membership.application'')', 'the books hold at the end');

-- The views that are written out, as the role that reads.
set local role membership_reader;
select date_of_birth || ' ' || above_18 as successful from membership.successful where email = 'ann@x.com' and date_of_birth = '19900102' \gset
select format('%s|%s|%s|%s|%s', name, email, date_of_birth, mobile_no, reasons) as unsuccessful from membership.unsuccessful where batch_id = :wide \gset
select format('%s|%s|%s|%s|%s|%s', name, email, date_of_birth, mobile_no, source_file is not null, line) as unsuccessful2 from membership.unsuccessful where batch_id = :quoted \gset
select name as defective from membership.unsuccessful where batch_id = :defect \gset
select count(*) = (select count(*) from staging.reject) as all_shown from membership.unsuccessful \gset
reset role;
select is(:'successful'::text, '19900102 true', 'birthday as YYYYMMDD, boolean as a word');
select is(:'unsuccessful2'::text, 'Max "M" Moe|k3@x.com|1990-01-01|1|t|4', 'a quoted one by its fields');
select is(:'defective'::text, 'open "quote', 'a defective one in its first field');
select ok(:'all_shown', 'every reject is shown once');
select * from finish();
rollback;
