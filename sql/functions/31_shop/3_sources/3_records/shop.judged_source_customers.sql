create or replace function shop.judged_source_customers(
    p_values text[], p_zone text, p_decimals integer, p_earliest date, p_latest date
) returns table (
    failures text, first_name text, last_name text, email text, phone_number text, address text, city text, postal_code text,
    country text, registered_on date, unused jsonb
)
language sql stable
begin atomic
-- One customer of an order system, by its values in the order of the feed's columns: what it says, converted, and the codes of
-- the rules it breaks, joined by commas. Cannot raise. Inlinable; each `offset 0` is a step whose results are worked out once.
-- A value that a customer need not have and that cannot be used loses nobody: it is null, and what was sent is in unused.
--   p_zone                 time zone of the source
--   p_decimals             of its currency
--   p_earliest, p_latest   days of records
select
    concat_ws(',', shop.source_key_rule('customer_id', t.customer_id), shop.source_words_rule('last_name', t.last_name, 200)),
    t.first_name, t.last_name, t.email, t.phone_number, t.address, t.city, t.postal_code, t.country, t.registered_on,
    nullif(jsonb_strip_nulls(jsonb_build_object(
        'first_name', case when t.first_name is null then t.first_sent end,
        'email', case when t.email is null then t.email_sent end,
        'phone', case when t.phone_number is null then t.phone_sent end,
        'address', case when t.address is null then t.address_sent end,
        'city', case when t.city is null then t.city_sent end,
        'postal_code', case when t.postal_code is null then t.postal_sent end,
        'country', case when t.country is null then t.country_sent end,
        'registered_on', case when t.registered_on is null then t.registered_sent end)), '{}')
from (
    select s.*, left(s.country_found, 2) as country,
        case when shop.phone_rule(s.phone_read) = '' then s.phone_read end as phone_number
    from (
        select r.*,
            shop.source_words(r.first_sent, 200) as first_name,
            case when membership.email_rule(lower(r.email_sent)) = '' then lower(r.email_sent) end as email,
            shop.source_words(r.address_sent, 300) as address,
            shop.source_words(r.city_sent, 200) as city,
            shop.source_words(r.postal_sent, 32) as postal_code,
            shop.international_phone(r.bare_phone, split_part(r.country_found, ' ', 2),
                split_part(r.country_found, ' ', 3)) as phone_read,
            case when shop.source_day_rule('', r.registered_sent, r.registered_read, p_earliest, p_latest) = ''
                then r.registered_read end as registered_on
        from (
            select q.*, shop.bare_phone(q.phone_sent) as bare_phone,
                (select by_key from shop.country_known) ->> shop.folded_country(q.country_sent) as country_found,
                coalesce(shop.calendar_day(q.registered_sent),
                    (shop.source_instant(q.registered_sent, p_zone) at time zone p_zone)::date) as registered_read
            from (
                select staging.bare_text(p_values[1]) as customer_id, staging.bare_text(p_values[2]) as first_sent,
                    staging.bare_text(p_values[3]) as last_name, staging.bare_text(p_values[4]) as email_sent,
                    staging.bare_text(p_values[5]) as phone_sent, staging.bare_text(p_values[6]) as address_sent,
                    staging.bare_text(p_values[7]) as city_sent, staging.bare_text(p_values[8]) as postal_sent,
                    staging.bare_text(p_values[9]) as country_sent, staging.bare_text(p_values[10]) as registered_sent
                offset 0
            ) q
            offset 0
        ) r
        offset 0
    ) s
    offset 0
) t;
end;
