create or replace function analytics.likely_products(p_customers bigint[], p_as_of date, p_number integer default 3)
returns table (
    customer_id bigint, place integer, product_id bigint, name text, score numeric, times integer, last_bought date, together numeric
)
language plpgsql stable set search_path = pg_catalog, pg_temp set timezone = 'UTC' set enable_nestloop = off as $$
-- What each of some customers is likely to buy next, by what was known at the end of a UTC day; the best p_number of each.
--   score        habit + together
--   habit        over the days on which the customer bought the product: 0.5 ^ (days ago / 180), summed: often and recently
--   together     of orders with a product of the customer's last day of purchase, the share that have this one, too; of several the
--                highest. Of orders in the 365 days to p_as_of, and where three at least have both
-- Equal scores: bought more often, then more recently, then the lower product_id. Cancelled orders are aside, as are products that are
-- retired.
-- Reads: shop.orders, shop.order_items, shop.products, shop.product_retirement
begin
    return query
        with mine as materialized (
            select o.customer_id, i.product_id, o.order_date::date as day
            from shop.orders o
            join shop.order_items i using (order_id)
            where o.customer_id = any (p_customers) and o.status <> 'cancelled' and o.order_date < (p_as_of + 1)::timestamptz
            group by o.customer_id, i.product_id, o.order_date::date
        ), habit as (
            -- Exact numbers: a sum of floats depends on its order.
            select m.customer_id, m.product_id, count(*)::integer as times, max(m.day) as last_bought,
                sum(round(power(0.5::double precision, (p_as_of - m.day) / 180.0::double precision)::numeric, 9)) as weight
            from mine m
            group by m.customer_id, m.product_id
        ), last as materialized (
            select m.customer_id, m.product_id
            from mine m
            join (select l.customer_id, max(l.day) as day from mine l group by l.customer_id) n using (customer_id, day)
        ), anchored as materialized (
            select i.product_id as anchor, i.order_id
            from (select distinct l.product_id from last l) a
            join shop.order_items i using (product_id)
            join shop.orders o using (order_id)
            where o.status <> 'cancelled' and o.order_date >= (p_as_of - 364)::timestamptz and o.order_date < (p_as_of + 1)::timestamptz
        ), paired as (
            select a.anchor, i.product_id, count(*)::numeric / t.orders as share
            from anchored a
            join shop.order_items i using (order_id)
            join (select b.anchor, count(*) as orders from anchored b group by b.anchor) t using (anchor)
            where i.product_id <> a.anchor and not exists (select from shop.product_retirement r where r.product_id = i.product_id)
            group by a.anchor, i.product_id, t.orders
            having count(*) >= 3
        ), pair as materialized (
            select p.*, row_number() over (partition by p.anchor order by round(p.share, 6) desc, p.product_id) as nth from paired p
        ), companion as (
            -- Of what a customer has not bought, no more than the best p_number of a product can be among his best. What he has bought
            -- needs its share whatever its place.
            select c.customer_id, c.product_id, max(c.share) as share
            from (
                select l.customer_id, p.product_id, p.share from last l join pair p on p.anchor = l.product_id where p.nth <= p_number
                union all
                select l.customer_id, p.product_id, p.share
                from last l
                join habit h using (customer_id)
                join pair p on (p.anchor, p.product_id) = (l.product_id, h.product_id)
                where p.nth > p_number
            ) c
            group by c.customer_id, c.product_id
        ), ranked as (
            select c.customer_id, c.product_id, p.name::text as name, round(coalesce(c.weight, 0) + coalesce(c.share, 0), 6) as score,
                coalesce(c.times, 0) as times, c.last_bought, round(coalesce(c.share, 0), 6) as together
            from (select * from habit full join companion using (customer_id, product_id)) c
            join shop.products p using (product_id)
            where not exists (select from shop.product_retirement r where r.product_id = c.product_id)
        ), placed as (
            select r.*, row_number() over (
                partition by r.customer_id order by r.score desc, r.times desc, r.last_bought desc nulls last, r.product_id)::integer as place
            from ranked r
        )
        select p.customer_id, p.place, p.product_id, p.name, p.score, p.times, p.last_bought, p.together
        from placed p
        where p.place <= p_number;
end
$$;
