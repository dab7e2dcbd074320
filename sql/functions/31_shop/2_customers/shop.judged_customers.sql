create or replace function shop.judged_customers(
    p_batch bigint, p_slot smallint, p_from bigint, p_to bigint, p_earliest timestamptz, p_latest timestamptz
) returns table (
    "position" bigint, defect text, message_key bytea, origin text, payload bytea, failures text, clean boolean,
    customer_id bigint, event_time timestamptz, first_name text, last_name text, age integer, email text, country text,
    city text, postal_code text, phone_number text, registration_date timestamptz, last_login_date timestamptz, digest uuid
)
language sql stable
begin atomic
-- The messages of a batch from one offset to another (inclusive): what they say, converted, and the codes of the rules they
-- break, joined by commas; clean when they break none, and only then are the values to be used. Never raises on bytes that
-- the loader vouched for. Inlinable; each `offset 0` is a step whose results are worked out once.
-- A message that is plain (what nearly all are: see the step r) breaks no rule, and its values need little conversion; any other
-- is judged by shop.judged_customer(), which alone knows the codes. That a plain one comes to the same there is tested.
--   p_earliest, p_latest   between which times must lie
--   digest                 of the values as accepted
select t.position, (t.other).defect, t.message_key, t.origin, t.payload,
    (t.other).failures, t.plain or (t.other).clean as clean,
    case when t.plain then t.customer_id else (t.other).customer_id end as customer_id,
    case when t.plain then t.event_time else (t.other).event_time end as event_time,
    case when t.plain then t.first_name else (t.other).first_name end as first_name,
    case when t.plain then t.last_name else (t.other).last_name end as last_name,
    case when t.plain then t.age else (t.other).age end as age,
    case when t.plain then t.email else (t.other).email end as email,
    case when t.plain then t.country else (t.other).country end as country,
    case when t.plain then t.city else (t.other).city end as city,
    case when t.plain then t.postal_code else (t.other).postal_code end as postal_code,
    case when t.plain then t.phone_number else (t.other).phone_number end as phone_number,
    case when t.plain then t.registration_date else (t.other).registration_date end as registration_date,
    case when t.plain then t.last_login_date else (t.other).last_login_date end as last_login_date,
    case
        when t.plain then shop.customer_digest(t.first_name, t.last_name, t.age, t.email, t.country, t.city, t.postal_code,
            t.phone_number, t.registration_date, t.last_login_date)
        when (t.other).clean then shop.customer_digest((t.other).first_name, (t.other).last_name, (t.other).age, (t.other).email,
            (t.other).country, (t.other).city, (t.other).postal_code, (t.other).phone_number, (t.other).registration_date,
            (t.other).last_login_date)
    end as digest
from (
    select s.*,
        case when not s.plain then
            (select j from shop.judged_customer(s.doc, s.defect, s.message_key, p_earliest, p_latest) j)
        end as other
    from (
        select r.position, r.defect, r.message_key, r.origin, r.payload, r.doc, r.id as customer_id, r.event_time,
            nullif(r.first_name, '') as first_name, r.last_name, r.age, r.email, left(r.country_found, 2) as country,
            nullif(r.city, '') as city, nullif(r.postal_code, '') as postal_code, r.phone_number, r.registration_date, r.last_login_date,
            (r.id > 0 and r.event_time between p_earliest and p_latest
                and r.registration_date between p_earliest and p_latest
                and (r.last_login_date is null or r.last_login_date between r.registration_date and p_latest)
                and (r.age is null or shop.age_rule(r.age) = '')
                and (r.phone_number is null
                    or octet_length(r.phone_number) between 8 and 16 and r.phone_number collate "C" ~ '^\+[1-9][0-9]+$')) is true as plain
        from (
            select q.*,
                case when q.looks_plain then q.id_text::bigint end as id,
                case when q.looks_plain then q.event_sent::timestamptz end as event_time,
                case when q.looks_plain then q.registered_sent::timestamptz end as registration_date,
                case when q.looks_plain then nullif(q.login_sent, '')::timestamptz end as last_login_date,
                case when q.looks_plain then q.age_text::int end as age,
                case when q.looks_plain then
                    case when q.bare_phone like '+%' then q.bare_phone
                        else shop.international_phone(q.bare_phone, split_part(q.country_found, ' ', 2), split_part(q.country_found, ' ', 3))
                    end
                end as phone_number
            from (
                select n.*,
                    (n.defect is null
                    and n.country_found is not null
                    and jsonb_typeof(n.doc -> 'customer_id') = 'number' and octet_length(n.id_text) <= 18 and n.id_text not like '%.%'
                    and n.message_key = convert_to(n.id_text, 'UTF8')
                    and octet_length(n.event_sent) <= 27 and octet_length(n.registered_sent) <= 27
                    and (n.login_sent is null or octet_length(n.login_sent) <= 27)
                    and concat('<', n.event_sent, '><', n.registered_sent, '>', '<' || nullif(n.login_sent, '') || '>') collate "C" ~
                        '^(?:<20[0-9][0-9]-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?Z>)+$'
                    and n.last_name <> ''
                    and (n.postal_code is null or jsonb_typeof(n.doc -> 'postal_code') = 'string' and octet_length(n.postal_code) <= 32)
                    and octet_length(n.words) <= 200
                    and n.words collate "C" !~
                        '[\u0001-\u001e\u007f-\u00a0\u1680\u2000-\u206f\u3000\ufeff]|\u001f[^A-Za-eg-su-z\u00c0-\uffff\u001f]| \u001f|^ '
                    and n.words not like E'%\x1f%\x1f%\x1f%\x1f%\x1f%'
                    and octet_length(n.email) = length(n.email) and membership.email_rule(n.email) = ''
                    and (n.age_text is null or jsonb_typeof(n.doc -> 'age') = 'number'
                        and octet_length(n.age_text) <= 3 and n.age_text not like '%.%')
                    and (n.bare_phone is null or n.bare_phone like '+%' or n.bare_phone like '0%'
                        or jsonb_typeof(n.doc -> 'phone_number') = 'string')
                    and n.doc ->> 'date_of_birth' is null) is true as looks_plain
                from (
                    select m.*, concat(m.postal_code, E'\x1f', m.first_name, E'\x1f', m.last_name, E'\x1f', m.city, E'\x1f') as words
                    from (
                        select p.*, p.doc ->> 'customer_id' as id_text, p.doc ->> 'first_name' as first_name,
                            p.doc ->> 'last_name' as last_name, p.doc ->> 'age' as age_text, lower(p.doc ->> 'email' collate "C") as email,
                            (select by_key from shop.country_known) ->> lower(p.doc ->> 'country' collate "C") as country_found,
                            p.doc ->> 'city' as city, p.doc ->> 'postal_code' as postal_code,
                            replace(replace(p.doc ->> 'phone_number', ' ', ''), '-', '') as bare_phone,
                            p.doc ->> 'event_time' as event_sent, p.doc ->> 'registration_date' as registered_sent,
                            p.doc ->> 'last_login_date' as login_sent
                        from (
                            select c.position, c.defect, c.message_key, c.origin, c.payload,
                                case when c.defect is null then convert_from(c.payload, 'UTF8')::jsonb end as doc
                            from staging.shop_customer c
                            where c.batch_id = p_batch and c.slot = p_slot and c.position between p_from and p_to
                            offset 0
                        ) p
                        offset 0
                    ) m
                    offset 0
                ) n
                offset 0
            ) q
            offset 0
        ) r
        offset 0
    ) s
    offset 0
) t;
end;
