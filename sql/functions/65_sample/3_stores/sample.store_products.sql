create or replace function sample.store_products(p_seed bigint, p_from date, p_until date) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' set plan_cache_mode = force_custom_plan as $$
-- Stores the products, their prices through time, what retired, and goods that came in so that no product ever fell below zero:
-- by the end of each week the goods received are the pieces ordered so far and a reserve, rounded up to whole lots; they come
-- in before the week begins. What is cancelled or returned comes on top of that. One product in twelve, and each that retires,
-- gets at most 3 pieces more than are ordered, and what comes back of it cannot be sold again: these run out.
-- Reads:  sample.product, shop.order_items, sample.purchase
-- Writes: shop.products, shop.price_history, shop.product_retirement, shop.stock_movement
declare
    v_weeks integer := (p_until - p_from) / 7;
    v_months integer := (select max(month_no) from sample.month);
begin
    insert into shop.stock_movement (movement_id, product_id, quantity, reason, moved_at, moved_by, note)
    overriding system value
    select row_number() over (order by m.moved_at, m.product_id, m.reason), m.product_id, m.quantity, m.reason, m.moved_at, 'sample', m.note
    from (
        select s.product_id, s.supply - lag(s.supply, 1, 0::bigint) over w as quantity,
            case when s.week = 0 then 'opening' else 'receipt' end::shop.stock_reason as reason,
            case when s.week = 0 then p_from - interval '3 days'
                else p_from + interval '1 week' * s.week - interval '1 minute' * (60 + sample.pick(sample.hash(p_seed, s.product_id * 256::bigint + s.week, 71), 1200)) end as moved_at,
            case when s.week > 0 then 'delivery by the supplier' end as note
        from (
            select d.product_id, d.week,
                least(((d.ordered + d.reserve + d.lot - 1) / d.lot) * d.lot, case when d.runs_out then d.ordered_in_all + d.rest end) as supply
            from (
                select p.product_id, g.week, h.hash & 3 as rest, p.retired_at is not null or sample.runs_out(p_seed, p.product_id) as runs_out,
                    (coalesce(sum(q.quantity) over (partition by p.product_id order by g.week), 0))::bigint as ordered,
                    (coalesce(sum(q.quantity) over (partition by p.product_id), 0))::bigint as ordered_in_all,
                    greatest(4, coalesce(sum(q.quantity) over (partition by p.product_id), 0)::bigint * 2 / (v_weeks + 1)) as reserve,
                    greatest(6, coalesce(sum(q.quantity) over (partition by p.product_id), 0)::bigint * 6 / (v_weeks + 1) / 6 * 6) as lot
                from sample.product p
                cross join generate_series(0, v_weeks) as g (week)
                cross join lateral (select sample.hash(p_seed, p.product_id, 72) as hash offset 0) h
                left join (
                    select i.product_id, greatest(0, extract(epoch from o.ordered_at - p_from::timestamptz)::integer / 604800) as week, sum(i.quantity) as quantity
                    from shop.order_items i
                    join sample.purchase o on o.order_id = i.order_id
                    group by i.product_id, 2
                ) q on q.product_id = p.product_id and q.week = g.week
            ) d
        ) s
        window w as (partition by s.product_id order by s.week)
        union all
        -- Two pieces of some products break; the reserve covers them.
        select p.product_id, -(1 + (h.hash & 1))::bigint, 'write_off', p_from + interval '1 day' * (30 + sample.pick(h.hash, greatest(1, p_until - p_from - 60))),
            'broken in the warehouse'
        from sample.product p
        cross join lateral (select sample.hash(p_seed, p.product_id, 73) as hash offset 0) h
        where not sample.runs_out(p_seed, p.product_id) and p.retired_at is null and (h.hash >> 3) & 3 = 0
        union all
        select i.product_id, -sum(i.quantity), 'write_off', p_until - interval '1 microsecond', 'came back, cannot be sold again'
        from sample.product p
        join shop.order_items i on i.product_id = p.product_id
        join sample.purchase o on o.order_id = i.order_id and not shop.takes_stock(o.status)
        where sample.runs_out(p_seed, p.product_id) or p.retired_at is not null
        group by i.product_id
    ) m
    where m.quantity <> 0;

    insert into shop.products (product_id, name, category, subcategory, price, cost, supplier_id, stock_quantity, weight, dimensions)
    select p.product_id, p.name, p.category, p.subcategory, p.cents[v_months] * 0.01, p.cost, p.supplier_id,
        coalesce(m.quantity, 0) - coalesce(i.quantity, 0), p.weight, p.dimensions
    from sample.product p
    left join (select product_id, sum(quantity) as quantity from shop.stock_movement group by product_id) m on m.product_id = p.product_id
    left join (
        select i.product_id, sum(i.quantity) as quantity
        from shop.order_items i
        join sample.purchase o on o.order_id = i.order_id and shop.takes_stock(o.status)
        group by i.product_id
    ) i on i.product_id = p.product_id
    order by p.product_id;

    insert into shop.price_history (price_change_id, product_id, price, changed_at, changed_by)
    overriding system value
    select row_number() over (order by c.month_no, c.product_id), c.product_id, c.cents * 0.01, c.starts_at, 'sample'
    from (
        select p.product_id, m.month_no, m.starts_at, p.cents[m.month_no] as cents, p.cents[m.month_no - 1] as before
        from sample.product p
        cross join sample.month m
    ) c
    where c.cents is distinct from c.before;

    insert into shop.product_retirement (product_id, retired_at, retired_by)
    select product_id, retired_at, 'sample' from sample.product where retired_at is not null order by product_id;

    insert into shop.currency_rate (currency, valid_from, rate)
    select r.currency, m.starts_at::date, r.rate
    from sample.rate r
    join sample.month m on m.month_no = r.month_no
    where r.drawn;
end
$$;
