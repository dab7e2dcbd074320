-- A mobile number has 8 digits, nothing else.
begin;
\ir ../support.psql
select * from no_plan();
select is(membership.mobile_rule(given), want, 'mobile_rule ' || pg_temp.shown(given))
from (values
    ('12345678', ''), ('00000000', ''), ('99999999', ''),
    (null, 'mobile_missing'), ('', 'mobile_missing'),
    (' ', 'mobile_not_8_digits'), ('1234567', 'mobile_not_8_digits'), ('123456789', 'mobile_not_8_digits'),
    ('1234 678', 'mobile_not_8_digits'), ('+1234567', 'mobile_not_8_digits'), ('-1234567', 'mobile_not_8_digits'),
    ('12.45678', 'mobile_not_8_digits'), ('1234567a', 'mobile_not_8_digits'), ('0x123456', 'mobile_not_8_digits'),
    ('1e400000', 'mobile_not_8_digits'), (E'1234567\n', 'mobile_not_8_digits'), (E'12345678\n', 'mobile_not_8_digits'),
    (E'12345678\u00a0', 'mobile_not_8_digits'),
    ('١٢٣٤٥٦٧٨', 'mobile_not_8_digits'), ('１２３４５６７８', 'mobile_not_8_digits'), ('१२३४', 'mobile_not_8_digits'),
    ('١٢٣٤', 'mobile_not_8_digits'), ('infinity', 'mobile_not_8_digits'), (repeat('1', 10240), 'mobile_not_8_digits')
) as t (given, want);
select * from finish();
rollback;
