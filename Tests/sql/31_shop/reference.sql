-- Countries, what people write for them, and currencies.
begin;
\ir ../support.psql
select * from no_plan();

select is(count(*), 249::bigint, 'all countries of ISO 3166-1') from shop.country;
select is(c.alpha_3 || ' ' || c.numeric_code || ' ' || c.calling_code || ' ' || c.name, want, 'country ' || code)
from (values
    ('US', 'USA 840 1 United States'), ('CA', 'CAN 124 1 Canada'), ('JM', 'JAM 388 1 Jamaica'),
    ('GB', 'GBR 826 44 United Kingdom'), ('RU', 'RUS 643 7 Russia'), ('KZ', 'KAZ 398 7 Kazakhstan'),
    ('SG', 'SGP 702 65 Singapore'), ('AF', 'AFG 004 93 Afghanistan'), ('BO', 'BOL 068 591 Bolivia'),
    ('CZ', 'CZE 203 420 Czechia'), ('KR', 'KOR 410 82 South Korea'), ('VA', 'VAT 336 39 Vatican City'),
    ('AQ', 'ATA 010 672 Antarctica'), ('SS', 'SSD 728 211 South Sudan'), ('CW', 'CUW 531 599 Curaçao')
) as t (code, want)
left join shop.country c on c.country = code;
select is_empty($$select country from shop.country where calling_code is null or calling_code !~ '^[1-9]'$$,
    'no country without calling code');
select is_empty($$select country from shop.country where country in ('XK', 'UK', 'EU', 'AN', 'SU')$$,
    'nothing that is reserved, user-assigned or withdrawn');

-- What people write.
select is_empty($$select country from shop.country c
    where not exists (select from shop.country_alias a where a.alias = lower(c.name) and a.country = c.country)$$,
    'every country goes by its own name');
select is_empty($$select country from shop.country c
    where not exists (select from shop.country_alias a where a.alias = lower(c.alpha_3) and a.country = c.country)$$,
    'every country goes by its alpha-3');
select is_empty($$select alias from shop.country_alias where alias in (select lower(country) from shop.country)$$,
    'alpha-2 codes are no aliases');
select is_empty($$select alias from shop.country_alias
    where alias <> lower(alias) or alias <> btrim(alias) or alias ~ '\s\s|[\t\n\r\u00a0]' or alias is not nfc normalized or alias ~ '[\u2018\u2019]'$$,
    'aliases are normalised');
select is((select a.country from shop.country_alias a where a.alias = given), want, 'alias ' || pg_temp.shown(given))
from (values
    ('united states', 'US'), ('usa', 'US'), ('u.s.a.', 'US'), ('united states of america', 'US'),
    ('uk', 'GB'), ('great britain', 'GB'), ('england', 'GB'), ('scotland', 'GB'),
    ('holland', 'NL'), ('the netherlands', 'NL'), ('south korea', 'KR'), ('north korea', 'KP'),
    ('czech republic', 'CZ'), ('deutschland', 'DE'), ('españa', 'ES'), ('espana', 'ES'), ('österreich', 'AT'),
    ('ivory coast', 'CI'), ('cote d''ivoire', 'CI'), ('turkey', 'TR'), ('turkiye', 'TR'), ('burma', 'MM'),
    ('swaziland', 'SZ'), ('macau', 'MO'), ('viet nam', 'VN'), ('dr congo', 'CD'), ('congo-brazzaville', 'CG'),
    ('guinea', 'GN'), ('guinea-bissau', 'GW'), ('equatorial guinea', 'GQ'), ('papua new guinea', 'PG'),
    ('niger', 'NE'), ('nigeria', 'NG'), ('dominica', 'DM'), ('dominican republic', 'DO'),
    ('austria', 'AT'), ('australia', 'AU'), ('samoa', 'WS'), ('american samoa', 'AS'),
    ('st. lucia', 'LC'), ('st lucia', 'LC'), ('trinidad & tobago', 'TT'), ('日本', 'JP'), ('россия', 'RU'),
    ('congo', null), ('korea', null), ('america', null), ('virgin islands', null), ('us', null), ('kosovo', null), ('', null)
) as t (given, want);

-- Currencies.
select is(count(*), 178::bigint, 'all currencies in force on 2026-01-01') from shop.currency where withdrawn_on is null;
select is(format('%s %s', c.numeric_code, coalesce(c.minor_units::text, 'none')), want, 'currency ' || code || ' is in force')
from (values
    ('XCG', '532 2'), ('ZWG', '924 2'), ('VED', '926 2'), ('VES', '928 2'), ('SLE', '925 2'), ('XAD', '396 2'),
    ('EUR', '978 2'), ('USD', '840 2'), ('ALL', '008 2'), ('HUF', '348 2'), ('MGA', '969 2'), ('MRU', '929 2'),
    ('IDR', '360 2'), ('PKR', '586 2'), ('LAK', '418 2'), ('TWD', '901 2'),
    ('JPY', '392 0'), ('KRW', '410 0'), ('ISK', '352 0'), ('VND', '704 0'), ('CLP', '152 0'), ('UGX', '800 0'),
    ('UYI', '940 0'), ('XAF', '950 0'), ('XOF', '952 0'), ('XPF', '953 0'),
    ('KWD', '414 3'), ('BHD', '048 3'), ('IQD', '368 3'), ('JOD', '400 3'), ('LYD', '434 3'), ('OMR', '512 3'), ('TND', '788 3'),
    ('CLF', '990 4'), ('UYW', '927 4'),
    ('XAU', '959 none'), ('XDR', '960 none'), ('XTS', '963 none'), ('XXX', '999 none')
) as t (code, want)
left join shop.currency c on c.currency = code and c.withdrawn_on is null;
select results_eq(
    'select minor_units::int, count(*) from shop.currency where withdrawn_on is null group by 1 order by 1 nulls last',
    $$values (0, 17::bigint), (2, 139), (3, 7), (4, 2), (null, 13)$$, 'how many have how many decimals');
select is((select c.withdrawn_on from shop.currency c where c.currency = code), want, 'currency ' || code || ' is withdrawn')
from (values
    ('ANG', date '2025-07-01'), ('BGN', '2026-01-01'), ('CUC', '2021-06-30'), ('HRK', '2023-01-01'),
    ('SLL', '2024-01-01'), ('ZWL', '2024-09-01'), ('LTL', '2015-01-01')
) as t (code, want);
select is((select string_agg(currency, ' ' order by currency) from shop.currency where numeric_code = '532'), 'ANG XCG',
    'a successor may keep the number');

-- What the constraints refuse.
select is(pg_temp.state_as('emporium_owner', statement), want, statement)
from (values
    ($$insert into shop.country values ('US', 'QQA', '901', 'One', '1')$$, '23505'),
    ($$insert into shop.country values ('QM', 'USA', '901', 'One', '1')$$, '23505'),
    ($$insert into shop.country values ('QM', 'QQA', '840', 'One', '1')$$, '23505'),
    ($$insert into shop.country values ('QM', 'QQA', '901', 'France', '1')$$, '23505'),
    ($$insert into shop.country values ('qm', 'QQA', '901', 'One', '1')$$, '23514'),
    ($$insert into shop.country values ('QMM', 'QQA', '901', 'One', '1')$$, '23514'),
    ($$insert into shop.country values (E'Q\n', 'QQA', '901', 'One', '1')$$, '23514'),
    ($$insert into shop.country values ('QM', 'QQ', '901', 'One', '1')$$, '23514'),
    ($$insert into shop.country values ('QM', 'QQA', '91', 'One', '1')$$, '23514'),
    ($$insert into shop.country values ('QM', 'QQA', '901', ' One', '1')$$, '23514'),
    ($$insert into shop.country values ('QM', 'QQA', '901', 'One', '+1')$$, '23514'),
    ($$insert into shop.country values ('QM', 'QQA', '901', 'One', '01')$$, '23514'),
    ($$insert into shop.country values ('QM', 'QQA', '901', 'One', '1242')$$, '23514'),
    ($$insert into shop.country values ('QM', 'QQA', '901', 'One', '')$$, '23514'),
    ($$insert into shop.country values ('QM', 'QQA', '901', 'One', null)$$, '23502'),
    ($$insert into shop.country_alias values ('usa', 'FR')$$, '23505'),
    ($$insert into shop.country_alias values ('atlantis', 'QM')$$, '23503'),
    ($$insert into shop.country_alias values ('Gaul', 'FR')$$, '23514'),
    ($$insert into shop.country_alias values (E'\u00c9lys\u00e9e', 'FR')$$, '23514'),
    ($$insert into shop.country_alias values (' gaul', 'FR')$$, '23514'),
    ($$insert into shop.country_alias values ('old  gaul', 'FR')$$, '23514'),
    ($$insert into shop.country_alias values (E'old\tgaul', 'FR')$$, '23514'),
    ($$insert into shop.country_alias values ('', 'FR')$$, '23514'),
    ($$insert into shop.country_alias values ('gaul', 'FR')$$, '00000'),
    ($$insert into shop.currency values ('EUR', '001', 2, 'One')$$, '23505'),
    ($$insert into shop.currency values ('QQQ', '978', 2, 'One')$$, '23505'),
    ($$insert into shop.currency values ('QQQ', '978', 2, 'One', '2020-01-01')$$, '00000'),
    ($$update shop.currency set withdrawn_on = null where currency = 'ANG'$$, '23505'),
    ($$insert into shop.currency values ('qqr', '001', 2, 'One')$$, '23514'),
    ($$insert into shop.currency values ('QQ', '001', 2, 'One')$$, '23514'),
    ($$insert into shop.currency values ('QQR', '1', 2, 'One')$$, '23514'),
    ($$insert into shop.currency values ('QQR', '001', 5, 'One')$$, '23514'),
    ($$insert into shop.currency values ('QQR', '001', -1, 'One')$$, '23514'),
    ($$insert into shop.currency values ('QQR', '001', 2, '')$$, '23514'),
    ($$insert into shop.currency values ('QQR', '001', 2, 'One', 'infinity')$$, '23514'),
    ($$insert into shop.currency values ('QQR', '001', null, 'One')$$, '00000')
) as t (statement, want);
select ok(pg_temp.state_as('emporium_owner', $$delete from shop.country where country = 'FR'$$) in ('23503', '23001'),
    'a country with aliases stays (PostgreSQL 18 has a code of its own for restrict)');
select * from finish();
rollback;
