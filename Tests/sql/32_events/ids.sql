-- events.id_form, id_uuid, id_rule, kept_form, id_text; package_id, ordinal, correlation_id, correlated_at.
begin;
\ir ../support.psql
select * from no_plan();

-- Vectors. ULID: the example of its specification is 01ARZ3NDEKTSV4RRFFQ69G5FAV, whose bytes other libraries give as here.
create temp table vector (written text, form text, id uuid, kept text);
insert into vector values
    ('0190163d-8694-739b-aea5-966c26f8ad91', 'uuid', '0190163d-8694-739b-aea5-966c26f8ad91', null),
    ('0190163D-8694-739B-AEA5-966C26F8AD91', 'uuid', '0190163d-8694-739b-aea5-966c26f8ad91', '0190163D-8694-739B-AEA5-966C26F8AD91'),
    ('0190163D8694739bAEA5966C26F8AD91', 'uuid', '0190163d-8694-739b-aea5-966c26f8ad91', '0190163D8694739bAEA5966C26F8AD91'),
    ('{0190163d-8694-739b-aea5-966c26f8ad91}', 'uuid', '0190163d-8694-739b-aea5-966c26f8ad91', '{0190163d-8694-739b-aea5-966c26f8ad91}'),
    ('URN:uuid:0190163d-8694-739b-aea5-966c26f8ad91', 'uuid', '0190163d-8694-739b-aea5-966c26f8ad91', 'URN:uuid:0190163d-8694-739b-aea5-966c26f8ad91'),
    ('00000000-0000-0000-0000-000000000000', 'uuid', '00000000-0000-0000-0000-000000000000', null),
    ('ffffffff-ffff-ffff-ffff-ffffffffffff', 'uuid', 'ffffffff-ffff-ffff-ffff-ffffffffffff', null),
    ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'ulid', '01563e3a-b5d3-d676-4c61-efb99302bd5b', 'ulid'),
    ('01arz3ndektsv4rrffq69g5fav', 'ulid', '01563e3a-b5d3-d676-4c61-efb99302bd5b', '01arz3ndektsv4rrffq69g5fav'),
    ('00000000000000000000000000', 'ulid', '00000000-0000-0000-0000-000000000000', 'ulid'),
    ('00000000000000000000000001', 'ulid', '00000000-0000-0000-0000-000000000001', 'ulid'),
    ('7ZZZZZZZZZZZZZZZZZZZZZZZZZ', 'ulid', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'ulid'),
    ('507f1f77bcf86cd799439011', 'objectid', '507f1f77-bcf8-6cd7-ff6f-696499439011', 'objectid'),
    ('507F1F77bcf86cd799439011', 'objectid', '507f1f77-bcf8-6cd7-ff6f-696499439011', '507F1F77bcf86cd799439011'),
    ('000000000000000000000000', 'objectid', '00000000-0000-0000-ff6f-696400000000', 'objectid');
select is(events.id_form(written), form, 'form of ' || written) from vector;
select is(events.id_uuid(written), id, 'uuid of ' || written) from vector;
select is(events.kept_form(written), kept, 'kept of ' || written) from vector;
select is(events.id_text(id, kept), written, 'back to ' || written) from vector;
select is(events.id_rule(written), '', 'no fault in ' || written) from vector;

-- What is none. Nothing raises.
create temp table hostile (written text);
insert into hostile values ('8ZZZZZZZZZZZZZZZZZZZZZZZZZ'), ('80000000000000000000000000'), ('01ARZ3NDEKTSV4RRFFQ69G5FAU'), ('01ARZ3NDEKTSV4RRFFQ69G5FAI'),
    ('01ARZ3NDEKTSV4RRFFQ69G5FAL'), ('01ARZ3NDEKTSV4RRFFQ69G5FAO'), ('01ARZ3NDEKTSV4RRFFQ69G5FA'), ('01ARZ3NDEKTSV4RRFFQ69G5FAVV'), ('0-ARZ3NDEKTSV4RRFFQ69G5FAV'),
    (' '), ('null'), ('0'), ('uuid'), ('ulid'), ('objectid'), ('507f1f77bcf86cd79943901'), ('507f1f77bcf86cd79943901g'), ('507f1f77bcf86cd7994390111'), (E'507f1f77bcf86cd79943901\n'),
    (' 507f1f77bcf86cd799439011'), ('0190163d-8694-739b-aea5-966c26f8ad9'), ('0190163d-8694-739b-aea5-966c26f8ad9g'), ('0190163d-8694-739b-aea5-966c26f8ad91 '),
    ('0190163d8694-739b-aea5-966c26f8ad91-'), ('0190-163d-8694-739b-aea5-966c-26f8-ad91'), ('{0190163d8694739baea5966c26f8ad91}'), ('{0190163d-8694-739b-aea5-966c26f8ad91'),
    ('{0190163d-8694-739b-aea5-966c26f8ad91)'), ('urn:uuid:0190163d8694739baea5966c26f8ad91'), ('urn:guid:0190163d-8694-739b-aea5-966c26f8ad91'),
    ('٥٠٧f1f77bcf86cd7994390'), ('ｆ07f1f77bcf86cd7994390'), ('٠١٢٣٤٥٦٧٨٩٠١'), (E'0190163d-8694-739b-aea5-966c26f8ad9\u0131'), ('0190163d' || chr(8208) || '8694-739b-aea5-966c26f8a'),
    (repeat('7', 25) || 'İ'), (repeat('0', 24) || 'é'), (repeat('f', 100000)), (repeat(chr(128512), 9)), ('''; drop table x; --');
select is(events.id_form(written) || '|' || coalesce(events.id_uuid(written)::text, '') || '|' || events.id_rule(written) || '|' || coalesce(events.kept_form(written), ''),
    '||id_malformed|', 'none: ' || left(translate(written, E'\n', ' '), 50)) from hostile;
select is(events.id_rule(null) || ' ' || events.id_rule(''), 'id_missing id_missing', 'null and empty are missing');
select is(events.id_form(null) || coalesce(events.id_uuid(null)::text, '') || coalesce(events.kept_form(null), '') || coalesce(events.id_text(null, null), ''), '', 'null has no form and no uuid');
-- As constants, where the planner folds them.
select is(events.id_uuid('not an id'), null, 'a constant that is none does not raise either');
select is(events.id_uuid('8ZZZZZZZZZZZZZZZZZZZZZZZZZ'), null, 'nor a ULID of more than 128 bits');

-- One character of a valid id changed for another, 20,000 times: it is none, or an id that comes back as it was written.
create temp table mutant as
    select overlay(written placing substr('0gGiIlLoOuUzZ8-{}: ''"%_\x٣ıé' || chr(10), 1 + abs(hashtext(n || 'c') % 27), 1) from 1 + abs(hashtext(n || 'p') % length(written))) as written
    from generate_series(1, 1400) n, vector;
select is_empty($$select written from mutant where (events.id_form(written) = '') <> (events.id_uuid(written) is null) or (events.id_form(written) = '') <> (events.id_rule(written) = 'id_malformed')
    or events.id_text(events.id_uuid(written), events.kept_form(written)) is distinct from case when events.id_form(written) <> '' then written end$$, 'no mutant raises or comes back as another');
select ok(count(*) filter (where events.id_form(written) = '') between 5000 and 20500 and count(*) filter (where events.id_form(written) <> '') > 500, 'some are ids, most are not') from mutant;

-- Random ids: a canonical uuid, its other writings, its ULID and the ObjectId of its bits, there and back.
create temp table random_id as select gen_random_uuid() as id from generate_series(1, 5000);
select is_empty($$
    select written, wanted from random_id, lateral (values
        (id::text, id, null), (upper(id::text), id, 'uuid'), (replace(id::text, '-', ''), id, 'uuid'), ('{' || id || '}', id, 'uuid'), ('urn:uuid:' || id, id, 'uuid'),
        (events.id_text(id, 'ulid'), id, 'ulid'), (lower(events.id_text(id, 'ulid')), id, 'ulid'),
        (right(replace(id::text, '-', ''), 24), null, 'objectid'), (upper(right(replace(id::text, '-', ''), 24)), null, 'objectid')) v (written, wanted, form)
    where events.id_form(written) <> coalesce(form, 'uuid') or events.id_uuid(written) <> wanted or events.id_uuid(written) is null
        or events.id_text(events.id_uuid(written), events.kept_form(written)) is distinct from written or events.id_rule(written) <> ''$$,
    'ids of all forms come back as they were written');
select is_empty($$select id from random_id where events.id_text(id, 'ulid') !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'$$, 'ULIDs have their alphabet');
select is((select array_agg(id order by id) from random_id), (select array_agg(id order by events.id_text(id, 'ulid') collate "C") from random_id), 'ULIDs sort as their uuids');
select is((select count(distinct events.id_uuid(right(replace(id::text, '-', ''), 24))) from random_id), 5000::bigint, 'no two ObjectIds share a uuid');
select is_empty($$select id from random_id where substr(events.id_uuid(right(replace(id::text, '-', ''), 24))::text, 20, 2) <> 'ff'$$, 'ObjectIds have the variant that no UUID has');
-- A uuid that looks like an ObjectId's is told apart by its form.
select is(events.id_text('507f1f77-bcf8-6cd7-ff6f-696499439011', events.kept_form('507f1f77-bcf8-6cd7-ff6f-696499439011')), '507f1f77-bcf8-6cd7-ff6f-696499439011', 'a uuid with an ObjectId''s bits stays a uuid');

-- Correlation ids. RFC 9562, A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F is 22 February 2022 14:22:22.00 -05:00.
select is(events.correlated_at('017f22e2-79b0-7cc3-98c4-dc0c0c07398f'), '2022-02-22T14:22:22-05:00', 'the time of RFC 9562''s UUIDv7');
select is(events.correlated_at('00000000-0001-7000-8000-000000000000'), 'epoch'::timestamptz + interval '1 ms', 'a millisecond');
select is(events.correlated_at('ffffffff-ffff-7fff-bfff-ffffffffffff'), timestamptz '10889-08-02T05:31:50.655Z', 'the last one');
select is(events.correlated_at('017f22e2-79b0-4cc3-98c4-dc0c0c07398f'), null, 'no time in a UUIDv4');
select is(events.correlated_at('017f22e2-79b0-7cc3-18c4-dc0c0c07398f'), null, 'nor in another variant');
select is(events.package_id('017f22e2-79b0-7cc3-98c4-dc0c0c07398f'), '017f22e2-79b0-7cc3-98c4-dc0c0c000000', 'a package has the ordinal 0');
select is(events.ordinal('017f22e2-79b0-7cc3-98c4-dc0c0c07398f'), x'7398f'::integer, 'the last 20 bits');
select is(events.ordinal(events.package_id('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')), 0, 'of a package: 0');
select is(events.correlation_id('017f22e2-79b0-7cc3-98c4-dc0c0c000000', ordinal), id::uuid, 'ordinal ' || ordinal)
from (values (1, '017f22e2-79b0-7cc3-98c4-dc0c0c000001'), (16, '017f22e2-79b0-7cc3-98c4-dc0c0c000010'), (1048575, '017f22e2-79b0-7cc3-98c4-dc0c0c0fffff'),
    (0, null), (-1, null), (1048576, null), (2147483647, null), (-2147483648, null)) v (ordinal, id);
select is_empty($$select id, n from random_id, lateral (select events.package_id(id) as p, 1 + abs(hashtext(id::text) % 1048575) as n) x
    where events.ordinal(events.correlation_id(p, n)) <> n or events.package_id(events.correlation_id(p, n)) <> p or left(p::text, 31) <> left(id::text, 31)$$,
    'package and ordinal come back from the correlation id');

-- Rules are inlined: no function of ours is left in the plan.
create function pg_temp.planned(p_sql text) returns text language plpgsql as $$
declare v_line text; v_all text := '';
begin
    for v_line in execute 'explain (verbose, costs off) ' || p_sql loop v_all := v_all || v_line; end loop;
    return v_all;
end $$;
select ok(pg_temp.planned(format('select events.%s from random_id', call)) not like '%events.%', call || ' is inlined')
from unnest('{package_id(id),ordinal(id),"correlation_id(id, 5)",correlated_at(id),id_form(id::text),id_rule(id::text)}'::text[]) call;
select * from finish();
rollback;
