create or replace function analytics.latest_order_day() returns date
language sql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
    -- The UTC day of the latest order that is not cancelled: what "now" is to answers about orders, whatever the clock says.
    select o.order_date::date
    from shop.orders o
    where o.status <> 'cancelled'
    order by o.order_date desc
    limit 1;
$$;
