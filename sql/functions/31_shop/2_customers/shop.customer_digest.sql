create or replace function shop.customer_digest(
    p_first_name text, p_last_name text, p_age integer, p_email text, p_country text, p_city text, p_postal_code text,
    p_phone_number text, p_registration_date timestamptz, p_last_login_date timestamptz
) returns uuid
language sql stable parallel safe
begin atomic
    -- MD5 of what an accepted message says of its customer: shop.customer_event.digest. Times go in as text, which costs a
    -- third of their bytes: TimeZone and DateStyle must be those of shop.store_customers(). No accepted text holds a control
    -- character, so U+0002 stands for null.
    select md5(concat_ws(E'\x1f', coalesce(p_first_name, E'\x02'), p_last_name, coalesce(p_age, -1), p_email, p_country,
        coalesce(p_city, E'\x02'), coalesce(p_postal_code, E'\x02'), coalesce(p_phone_number, E'\x02'),
        p_registration_date, p_last_login_date))::uuid;
end;
