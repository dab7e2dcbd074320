create or replace function sample.report() returns table (chart text, place integer, label text, value numeric)
language sql stable set search_path = pg_catalog, pg_temp set timezone = 'UTC' set jit = off
begin atomic
    -- How the shop's rows are distributed: bars of several charts, in order. Hours are the customers' own, where their country is
    -- one of the sample's; pairs of products are counted in at most 100,000 orders.
    with
    placed as materialized (
        select o.order_id, o.customer_id, o.order_date, o.status,
            coalesce(timezone(w.zone, o.order_date), timezone('UTC', o.order_date)) as local_time
        from shop.orders o
        join shop.customers c on c.customer_id = o.customer_id
        left join sample.country_words() w on w.country = c.country
    ),
    day as materialized (
        select local_time::date as day, count(*) as orders from placed group by 1
    ),
    basket as materialized (
        select order_id, count(*) as lines from shop.order_items group by order_id
    ),
    buyer as materialized (
        select c.customer_id, count(o.order_id) as orders
        from shop.customers c left join shop.orders o on o.customer_id = c.customer_id
        group by c.customer_id
    ),
    part as materialized (
        select i.order_id, i.product_id
        from shop.order_items i
        where i.order_id % greatest(1, (select count(*) / 100000 from shop.orders)) = 0
    ),
    sold as materialized (
        select product_id, count(*) as orders from part group by product_id
    ),
    pair as (
        select a.product_id, b.product_id as other_id, count(*) as orders
        from part a join part b on b.order_id = a.order_id and b.product_id > a.product_id
        group by a.product_id, b.product_id
        order by count(*) desc, 1, 2
        limit 10
    ),
    black_friday as (
        select d.day, d.orders, (
            select avg(e.orders) from day e
            where e.day between d.day - 63 and d.day - 7 and extract(isodow from e.day) = 5) as ordinary
        from day d
        where d.day = sample.black_friday(extract(year from d.day)::integer)
    )
    select r.chart, row_number() over (partition by r.chart order by r.sort, r.label)::integer, r.label, r.value
    from (
        select 'orders by month' as chart, extract(year from day) * 12 + extract(month from day) as sort, to_char(day, 'YYYY-MM') as label, sum(orders) as value
        from day group by 2, 3
        union all
        select 'orders by weekday', extract(isodow from day), (array['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])[extract(isodow from day)::integer], sum(orders)
        from day group by 2, 3
        union all
        select 'orders by hour', extract(hour from local_time), lpad(extract(hour from local_time)::text, 2, '0'), count(*) from placed group by 2, 3
        union all
        select 'orders of a customer', least(orders, 10) + (orders > 20)::integer + (orders > 50)::integer,
            case when orders < 10 then orders::text when orders <= 20 then '10 to 20' when orders <= 50 then '21 to 50' else 'over 50' end, count(*)
        from buyer group by 2, 3
        union all
        select 'products in an order', lines, lines::text, count(*) from basket group by lines
        union all
        select 'customers by country', -count(*), coalesce(k.name, 'unknown'), count(*)
        from shop.customers c left join shop.country k on k.country = c.country group by k.name
        union all
        select 'orders by status', array_position(enum_range(null::shop.order_status), status), status::text, count(*) from placed group by status
        union all
        select 'ratings', rating, rating::text, count(*) from shop.product_reviews group by rating
        union all
        select 'Black Friday', extract(year from day) * 2 + n, case n when 0 then day::text else 'a Friday of the two months before ' || day end,
            case n when 0 then orders else round(ordinary, 1) end
        from black_friday cross join generate_series(0, 1) n where ordinary is not null
        union all
        select 'lift of the pairs bought most', -p.orders::numeric, format('%s + %s, %s times', a.name, b.name, p.orders),
            round(p.orders::numeric * (select count(distinct order_id) from part) / (x.orders * y.orders), 1)
        from pair p
        join sold x on x.product_id = p.product_id
        join sold y on y.product_id = p.other_id
        join shop.products a on a.product_id = p.product_id
        join shop.products b on b.product_id = p.other_id
    ) r;
end;
comment on function sample.report is 'distributions of the shop''s rows, a bar a row; a lift of 1 is what chance would give';
