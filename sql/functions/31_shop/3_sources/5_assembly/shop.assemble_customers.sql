create or replace function shop.assemble_customers(p_source shop.source) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Takes new and changed customers of an order system into the shop; gives their number. One who is no longer in the shop is
-- not brought back. Who has no day of registration is there since the first order that is known, or else since now.
declare
    v_new bigint;
    v_changed bigint;
begin
    with numbered as materialized (
        select source_key, nextval('shop.source_id_seq') as customer_id
        from (
            select source_key from shop.source_customers
            where source = p_source.source and customer_id is null
            order by length(source_key), source_key
        ) k
    ), mapped as (
        update shop.source_customers s set customer_id = n.customer_id, assembled = s.digest
        from numbered n
        where s.source = p_source.source and s.source_key = n.source_key
        returning s.*
    ), shown as (
        insert into shop.customers
            (customer_id, first_name, last_name, email, country, city, postal_code, phone_number, registration_date)
        select customer_id, first_name, last_name, email, country, city, postal_code, phone_number, coalesce(registered_on::timestamptz, now())
        from mapped
        order by customer_id
        returning 1
    )
    select count(*) into v_new from shown;

    with due as materialized (
        update shop.source_customers s set assembled = s.digest
        where s.source = p_source.source and s.assembled is distinct from s.digest
        returning s.*
    ), shown as (
        update shop.customers c
        set first_name = d.first_name, last_name = d.last_name, email = d.email, country = d.country, city = d.city,
            postal_code = d.postal_code, phone_number = d.phone_number,
            -- Never after a login that the shop knows of, which its constraint would refuse.
            registration_date = case when d.registered_on is null then c.registration_date
                else least(d.registered_on::timestamptz, c.last_login_date) end
        from due d
        where c.customer_id = d.customer_id
        returning 1
    )
    select count(*) into v_changed from shown;

    update shop.customers c set registration_date = f.first_on
    from (
        select s.customer_id, min(o.ordered_on)::timestamptz as first_on
        from shop.source_customers s
        join shop.source_orders o on o.source = s.source and o.customer_key = s.source_key
        where s.source = p_source.source and s.registered_on is null
        group by s.customer_id
    ) f
    where c.customer_id = f.customer_id and c.registration_date > f.first_on;
    return v_new + v_changed;
end
$$;
