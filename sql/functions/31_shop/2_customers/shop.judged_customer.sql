create or replace function shop.judged_customer(
    p_doc jsonb, p_defect text, p_key bytea, p_earliest timestamptz, p_latest timestamptz
) returns setof shop.customer_judgement
language sql stable
begin atomic
-- One message: what it says, converted, and the codes of the rules it breaks, joined by commas; clean when it breaks none, and
-- only then are the values to be used. Cannot raise. Inlinable; each `offset 0` is a step whose results are worked out once.
--   p_doc                  the message, p_defect what is wrong with its bytes (then p_doc is null), p_key its key
--   p_earliest, p_latest   between which times must lie
select v.defect, v.failures, v.clean, v.customer_id, v.event_time, v.first_name, v.last_name, v.age, v.email, v.country, v.city,
    v.postal_code, v.phone_number, v.registration_date, v.last_login_date
from (
    select u.*, u.failures = ',,,,,,,,,,,,,' as clean,
        case when u.id_fault = '' then u.id_text::bigint end as customer_id,
        coalesce(u.years, case when u.age_fault = '' then u.age_text::int end) as age
    from (
        select t.*,
            case
                when t.defect is not null then t.defect
                else concat_ws(',', t.id_fault,
                    case when t.id_fault = '' and p_key is distinct from convert_to(t.id_text, 'UTF8')
                        then 'key_mismatch' else '' end,
                    case when t.event_sent is null then 'event_time_missing'
                        else shop.instant_rule('event_time', t.event_sent, t.event_time, p_earliest, p_latest) end,
                    staging.words_rule('first_name', t.first_type, t.first_name, 200),
                    case when coalesce(t.last_type, 'null') in ('null', 'string') and membership.name_rule(t.last_name) <> ''
                        then 'last_name_missing' else staging.words_rule('last_name', t.last_type, t.last_name, 200) end,
                    case when t.email_type not in ('null', 'string') then 'email_type'
                        else membership.email_rule(t.email) end,
                    case
                        when t.country_type not in ('null', 'string') then 'country_type'
                        when t.country_sent is null then 'country_missing'
                        when t.country is null then 'country_unknown'
                        else '' end,
                    case when t.age_fault = '' and t.years is not null then shop.age_rule(t.years) else t.age_fault end,
                    case
                        when t.birthday_sent is null then ''
                        when t.birthday is null then 'date_of_birth_malformed'
                        when t.birthday > (p_latest at time zone 'UTC')::date then 'date_of_birth_in_future'
                        else '' end,
                    case
                        when t.phone_type not in ('null', 'string') then 'phone_number_type'
                        when t.phone_number is null then ''
                        else shop.phone_rule(t.phone_number) end,
                    staging.words_rule('city', t.city_type, t.city, 200),
                    staging.words_rule('postal_code', t.postal_type, t.postal_code, 32),
                    case when t.registered_sent is null then 'registration_date_missing'
                        else shop.instant_rule('registration_date', t.registered_sent, t.registration_date, p_earliest, p_latest) end,
                    case when t.login_sent is null then ''
                        when t.last_login_date < t.registration_date and t.last_login_date <= p_latest
                            then 'last_login_date_before_registration'
                        else shop.instant_rule('last_login_date', t.login_sent, t.last_login_date, '-infinity', p_latest) end)
            end as failures
        from (
            select s.*,
                case when s.birthday is not null and s.registration_date is not null
                    then shop.completed_years(s.birthday, s.registration_date) end as years,
                shop.international_phone(s.bare_phone, split_part(s.country_found, ' ', 2), split_part(s.country_found, ' ', 3)) as phone_number
            from (
                select r.*, left(r.country_found, 2) as country,
                    staging.instant(r.event_sent, r.event_read) as event_time,
                    staging.instant(r.registered_sent, r.registered_read) as registration_date,
                    staging.instant(r.login_sent, r.login_read) as last_login_date,
                    shop.calendar_day(r.birthday_sent) as birthday,
                    case when octet_length(r.email_sent) = length(r.email_sent) then lower(r.email_sent collate "C")
                        else lower(r.email_sent) end as email
                from (
                    select q.*,
                        shop.customer_id_rule(q.id_type, q.id_text) as id_fault,
                        shop.sent_age_rule(q.age_type, q.age_text) as age_fault,
                        (select by_key from shop.country_known) ->> shop.folded_country(q.country_sent) as country_found,
                        staging.instant_text(q.event_json, q.event_sent) as event_read,
                        staging.instant_text(q.registered_json, q.registered_sent) as registered_read,
                        staging.instant_text(q.login_json, q.login_sent) as login_read,
                        shop.bare_phone(q.phone_sent) as bare_phone
                    from (
                        select coalesce(p_defect, case when jsonb_typeof(p_doc) <> 'object' then 'not_an_object' end) as defect,
                            jsonb_typeof(p_doc -> 'customer_id') as id_type, p_doc ->> 'customer_id' as id_text,
                            jsonb_typeof(p_doc -> 'first_name') as first_type, staging.bare_text(p_doc ->> 'first_name') as first_name,
                            jsonb_typeof(p_doc -> 'last_name') as last_type, staging.bare_text(p_doc ->> 'last_name') as last_name,
                            jsonb_typeof(p_doc -> 'age') as age_type, p_doc ->> 'age' as age_text,
                            jsonb_typeof(p_doc -> 'email') as email_type, staging.bare_text(p_doc ->> 'email') as email_sent,
                            jsonb_typeof(p_doc -> 'country') as country_type, staging.bare_text(p_doc ->> 'country') as country_sent,
                            jsonb_typeof(p_doc -> 'city') as city_type, staging.bare_text(p_doc ->> 'city') as city,
                            jsonb_typeof(p_doc -> 'postal_code') as postal_type, staging.bare_text(p_doc ->> 'postal_code') as postal_code,
                            jsonb_typeof(p_doc -> 'phone_number') as phone_type, p_doc ->> 'phone_number' as phone_sent,
                            p_doc -> 'event_time' as event_json, nullif(p_doc ->> 'event_time', '') as event_sent,
                            p_doc -> 'registration_date' as registered_json, nullif(p_doc ->> 'registration_date', '') as registered_sent,
                            p_doc -> 'last_login_date' as login_json, nullif(p_doc ->> 'last_login_date', '') as login_sent,
                            nullif(p_doc ->> 'date_of_birth', '') as birthday_sent
                        offset 0
                    ) q
                    offset 0
                ) r
                offset 0
            ) s
            offset 0
        ) t
        offset 0
    ) u
    offset 0
) v;
end;
