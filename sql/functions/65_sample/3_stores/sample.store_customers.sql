create or replace function sample.store_customers(p_seed bigint, p_until date) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' set plan_cache_mode = force_custom_plan as $$
-- Stores the customers, the members among them, and which customer is which member. Where the members exist already, from an
-- earlier sample, they are linked again.
-- Writes: shop.customers, membership.member, shop.customer_member
declare
    v_until timestamptz := p_until;
begin
    insert into shop.customers (customer_id, first_name, last_name, age, email, country, city, postal_code, phone_number, registration_date, last_login_date)
    select c.customer_id, c.first_name, c.last_name,
        case when c.is_member or h.hash & 15 > 1 then extract(year from age(c.registered_on, c.date_of_birth))::integer end,
        c.email, c.country, c.city, c.postal_code, c.phone_number, c.registered_at,
        case when o.ordered_at is not null or h.hash & 31 > 0 then
            least(v_until - interval '1 second',
                greatest(c.registered_at, o.ordered_at) + interval '1 second' * floor(90 * 86400 * h.later * h.later * h.later)) end
    from sample.customer c
    left join (select customer_id, max(ordered_at) as ordered_at from sample.purchase group by customer_id) o on o.customer_id = c.customer_id
    cross join lateral (select sample.hash(p_seed, c.customer_id, 51) as hash, sample.uniform(sample.hash(p_seed, c.customer_id, 52)) as later offset 0) h
    order by c.customer_id;

    insert into membership.member (ordinal, first_name, last_name, email, date_of_birth, mobile_no, above_18, policy_version, created_at, member_key)
    select row_number() over (partition by c.last_name, membership.plain_id(c.last_name, c.date_of_birth) order by c.customer_id)
            + coalesce(max(e.ordinal) over (partition by membership.plain_id(c.last_name, c.date_of_birth)), 0),
        c.first_name, c.last_name, c.email, c.date_of_birth, right(c.phone_number, 8), true, 1, c.registered_at,
        overlay(overlay(
            lpad(to_hex(sample.hash(p_seed, c.customer_id, 53)), 16, '0') || lpad(to_hex(sample.hash(p_seed, c.customer_id, 54)), 16, '0')
            placing '4' from 13) placing '8' from 17)::uuid
    from sample.customer c
    left join (select plain_id, max(ordinal) as ordinal from membership.member group by plain_id) e
        on e.plain_id = membership.plain_id(c.last_name, c.date_of_birth)
    where c.is_member
    order by c.customer_id
    on conflict (lower(email), date_of_birth) do nothing;
    analyze membership.member;

    insert into shop.customer_member (customer_id, membership_id, linked_at)
    select c.customer_id, m.membership_id, c.registered_at + interval '10 minutes'
    from sample.customer c
    join membership.member m on lower(m.email) = lower(c.email) and m.date_of_birth = c.date_of_birth
    where c.is_member
    order by c.customer_id;
end
$$;
