-- Words joined by single dots on both sides of one @, two or more behind it.
begin;
\ir ../support.psql
select * from no_plan();
select is(membership.email_rule(given), want, 'email_rule ' || pg_temp.shown(given))
from (values
    ('a@b.com', ''), ('vera@v.v', ''), ('first.last@sub.domain.example.net', ''), ('a+tag@x.com', ''), ('o''brien@x.com', ''),
    ('A@B.COM', ''), ('1@2.3', ''), ('a_b-c@x-y.com', ''), ('j.sm!#$%&''*+/=?^_`{|}~@x.com', ''), ('ü@x.com', ''), ('用户@例子.com', ''),
    (null, 'email_missing'), ('', 'email_missing'),
    (' ', 'email_malformed'), ('a', 'email_malformed'), ('@', 'email_malformed'), ('a@', 'email_malformed'),
    ('@b.com', 'email_malformed'), ('a@b', 'email_malformed'), ('a@b.', 'email_malformed'), ('a@.com', 'email_malformed'),
    ('a@b..com', 'email_malformed'), ('a..b@c.com', 'email_malformed'), ('.a@c.com', 'email_malformed'),
    ('a.@c.com', 'email_malformed'), ('a@@b.com', 'email_malformed'), ('a@b@c.com', 'email_malformed'),
    ('a b@c.com', 'email_malformed'), (' a@b.com', 'email_malformed'), ('a@b.com ', 'email_malformed'),
    (E'a\tb@c.com', 'email_malformed'), (E'a@b.com\n', 'email_malformed'), (E'a\r\nBcc: x@y.com', 'email_malformed'),
    (E'a\u00a0b@c.com', 'email_malformed'), (E'\u00a0a@b.com', 'email_malformed'), (E'a@b.com\u00a0', 'email_malformed'),
    (E'a@b\u00a0c.com', 'email_malformed'),
    ('a,b@c.com', 'email_malformed'), ('a;b@c.com', 'email_malformed'), ('<a@b.com>', 'email_malformed'),
    ('"a b"@c.com', 'email_malformed'), ('a(b)@c.com', 'email_malformed'), ('a[b@c.com', 'email_malformed'),
    ('a]b@c.com', 'email_malformed'), ('a\b@c.com', 'email_malformed'), ('a:b@c.com', 'email_malformed'),
    ('a@[127.0.0.1]', 'email_malformed'), ('a at b.com', 'email_malformed'),
    (repeat('a', 248) || '@b.com', ''), (repeat('a', 249) || '@b.com', 'email_malformed'),
    (repeat('ü', 124) || '@b.com', ''), (repeat('ü', 125) || '@b.com', 'email_malformed'),
    (repeat('a', 10240), 'email_malformed'), (repeat('a.', 5000) || '@b.com', 'email_malformed'), (repeat('@', 10240), 'email_malformed')
) as t (given, want);

-- Providers by the default list and by the strict one.
select is(membership.email_provider_rule(given, '{%.com,%.net}'), default_list, 'provider, default list ' || pg_temp.shown(given))
from (values
    ('a@b.com', ''), ('a@b.net', ''), ('a@B.COM', ''), ('a@x.y.Net', ''), ('a@emailprovider.com', ''),
    ('a@b.org', 'email_provider'), ('a@b.com.sg', 'email_provider'), ('a@bcom', 'email_provider'), ('a@com', 'email_provider'),
    ('vera@v.v', 'email_provider'), ('a.com@b.org', 'email_provider'), ('a', 'email_provider'), ('', 'email_provider'),
    (null, 'email_provider')
) as t (given, default_list);
select is(membership.email_provider_rule(given, '{emailprovider.com,emailprovider.net}'), strict, 'provider, strict list ' || pg_temp.shown(given))
from (values
    ('a@emailprovider.com', ''), ('a@EmailProvider.NET', ''),
    ('a@b.com', 'email_provider'), ('a@xemailprovider.com', 'email_provider'), ('a@emailprovider.com.evil.com', 'email_provider'),
    ('a@sub.emailprovider.com', 'email_provider'), ('a@emailproviderxcom', 'email_provider'), ('a@emailprovider.org', 'email_provider')
) as t (given, strict);
select is(membership.email_provider_rule('a@b.com', null), 'email_provider', 'no list accepts nobody');
select is(membership.email_provider_rule('a@b.com', '{}'), 'email_provider', 'an empty list accepts nobody');
select is(membership.email_provider_rule('a@b.com', '{null}'), 'email_provider', 'a null pattern accepts nobody');
select * from finish();
rollback;
