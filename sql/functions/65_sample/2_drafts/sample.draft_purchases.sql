create or replace function sample.product_drawn(p_hash bigint, p_kinds integer[], p_variants integer) returns integer
language sql immutable parallel safe
begin atomic
    -- Ten bits choose the kind, twenty more the variant: its density falls as one over the root of its number.
    select (((((p_hash >> 10) & 1048575) * ((p_hash >> 10) & 1048575) * p_variants) >> 40) * 40
        + p_kinds[1 + (p_hash & 1023)] + 1)::integer;
end;

create or replace function sample.product_beside(p_product integer, p_companions integer[], p_hash bigint, p_chance integer, p_other integer) returns integer
language sql immutable parallel safe
begin atomic
    -- The same variant of the companion's kind, so many times in 1024 (thirty bits further on), else another product.
    select case when (p_hash >> 40) & 1023 < p_chance and p_companions[1 + (p_product - 1) % 40] is not null
        then (p_product - 1) / 40 * 40 + p_companions[1 + (p_product - 1) % 40] + 1
        else p_other end;
end;

create or replace function sample.draft_purchases(p_seed bigint, p_until date) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' set plan_cache_mode = force_custom_plan as $$
-- Draws the orders in the order of their local times: when, who, what is in the basket, and what became of it by p_until.
-- Reads:  sample.calendar, sample.customer, sample.slot, sample.month, sample.rate, sample.product
-- Writes: sample.purchase
declare
    v_variants integer := (select max(product_id) / 40 from sample.product);
    v_month_starts timestamptz[] := (select array_agg(starts_at order by month_no) from sample.month);
    v_months integer := cardinality(v_month_starts);
    v_until timestamptz := p_until;
    v_kinds integer[];
    v_companions integer[];
    v_second_companions integer[];
    v_minutes double precision[];
begin
    select array_agg(w.sort order by n) into v_kinds
    from generate_series(0, 1023) n
    join (
        select sort, (sum(popularity) over (order by sort) - popularity) * 1024.0 / sum(popularity) over () as slot_from,
            sum(popularity) over (order by sort) * 1024.0 / sum(popularity) over () as slot_to
        from sample.product_words()
    ) w on n >= w.slot_from and n < w.slot_to;
    select array_agg(companion order by sort), array_agg(coalesce(second_companion, companion) order by sort)
    into v_companions, v_second_companions
    from sample.product_words();
    -- The minute of the day that 0, 1, … 512 of 512 orders come before.
    select array_agg((select min(60 * h.hour + 60 * (n / 512.0 - h.share_from) / (h.share_to - h.share_from)) from (
            select hour, (sum(weight) over (order by hour) - weight) / sum(weight) over () as share_from,
                sum(weight) over (order by hour) / sum(weight) over () as share_to
            from unnest(array[1.0, 0.6, 0.4, 0.3, 0.3, 0.5, 1.1, 2.1, 3.1, 3.9, 4.4, 4.7, 5.0, 4.8, 4.4, 4.5, 4.8, 5.4, 6.3, 7.6, 8.3, 7.5, 5.2, 2.8])
                with ordinality as w (weight, number)
            cross join lateral (select number - 1 as hour) z
        ) h where n / 512.0 >= h.share_from and n / 512.0 <= h.share_to) order by n) into v_minutes
    from generate_series(0, 512) n;

    insert into sample.purchase (order_id, customer_id, ordered_at, month_no, busy, currency, cents_factor, unit, address, payment_method, status,
        paid_at, shipped_at, delivered_at, returned_at, cancelled_at, products)
    select s.order_id, s.customer_id, s.ordered_at, s.month_no, s.busy, s.currency, r.cents_factor, r.unit, s.address, s.payment_method,
        case
            when s.cancelled_at < v_until then 'cancelled'
            when s.returned_at < v_until then 'returned'
            when s.delivered_at < v_until then 'delivered'
            when s.shipped_at < v_until then 'shipped'
            when s.paid_at < v_until then 'paid'
            else 'pending'
        end::shop.order_status,
        case when s.paid_at < v_until then s.paid_at end, case when s.shipped_at < v_until then s.shipped_at end,
        case when s.delivered_at < v_until then s.delivered_at end, case when s.returned_at < v_until then s.returned_at end,
        case when s.cancelled_at < v_until then s.cancelled_at end,
        -- A product that has retired by the month: its neighbour of the same kind instead.
        (array[sample.product_sold(b.p1, s.month_no, v_months), sample.product_sold(b.p2, s.month_no, v_months),
            sample.product_sold(b.p3, s.month_no, v_months), sample.product_sold(b.p4, s.month_no, v_months),
            sample.product_sold(b.p5, s.month_no, v_months), sample.product_sold(b.p6, s.month_no, v_months),
            sample.product_sold(b.p7, s.month_no, v_months), sample.product_sold(b.p8, s.month_no, v_months)])
            [1:1 + (s.size > 0.20)::integer + (s.size > 0.42)::integer + (s.size > 0.64)::integer + (s.size > 0.81)::integer
                + (s.size > 0.90)::integer + (s.size > 0.955)::integer + (s.size > 0.98)::integer]
    from (
        select t.*, width_bucket(t.ordered_at, v_month_starts) as month_no,
            case when t.fate < 0.015 then null else t.paid end as paid_at,
            case when t.fate < 0.04 then null else t.shipped end as shipped_at,
            case when t.fate < 0.04 or t.fate > 0.996 then null else t.delivered end as delivered_at,
            case when t.fate > 0.996 then t.delivered + interval '3 days' when t.fate > 0.969 then t.delivered + interval '1 day' * (2 + 16 * t.wait) end as returned_at,
            case when t.fate < 0.015 then t.ordered_at + interval '1 hour' * (1 + 60 * t.wait) when t.fate < 0.04 then t.paid + interval '1 hour' * (1 + 14 * t.wait) end as cancelled_at
        from (
            select o.*, o.paid + interval '1 day' * (o.late + 0.1) as shipped,
                o.paid + interval '1 day' * (o.late + 0.1 + o.distance * (0.5 + 0.8 * o.wait) + case when o.fate > 0.45 and o.fate < 0.5 then 4 + 6 * o.wait else 0 end) as delivered
            from (
                select o.*, o.ordered_at + interval '1 second' * floor(case o.payment_method
                        when 'bank_transfer' then 36000 + 220000 * o.wait when 'invoice' then 3600 + 100000 * o.wait else 40 + 700 * o.wait end) as paid
                from (
                    select d.order_id, c.customer_id, d.busy, c.currency, c.address, c.distance,
                        h.h2, h.size, h.fate, h.wait, (1 + d.busy * 0.5) * 3 * h.late * h.late as late,
                        case when h.pay < c.invoices then 'invoice'
                            when h.pay < c.invoices + 0.07 then 'bank_transfer'
                            when h.pay < c.invoices + 0.30 then 'paypal'
                            when h.pay < c.invoices + 0.40 then 'wallet'
                            else 'card' end as payment_method,
                        greatest(
                            timezone(c.zone, d.day + interval '1 second' * floor(60 * (m.quantile + d.part * (m.next_quantile - m.quantile)))),
                            c.registered_at + interval '1 second' * floor(120 + 1800 * h.wait))
                        - case when timezone(c.zone, d.day + interval '1 minute' * m.next_quantile) >= v_until
                            then interval '1 day' else interval '0' end as ordered_at
                    from (
                        -- 1.5 orders in ten come from those that have registered within three weeks.
                        select k.orders_before + n as order_id, k.day::timestamp as day, k.busy, u.place * 512 - floor(u.place * 512) as part,
                            1 + floor(u.place * 512)::integer as minute_no,
                            case when (u.h1 >> 52) & 1023 < 150 and k.slots > coalesce(k.slots_before, 0)
                                then 1 + coalesce(k.slots_before, 0) + sample.pick(u.h1, k.slots - coalesce(k.slots_before, 0))
                                else 1 + sample.pick(u.h1, k.slots) end as slot
                        from sample.calendar k
                        cross join lateral generate_series(1, k.orders) n
                        cross join lateral (
                            select sample.hash(p_seed, k.orders_before + n, 31) as h1,
                                (n - 1 + sample.uniform(sample.hash(p_seed, k.orders_before + n, 32))) / k.orders as place offset 0
                        ) u
                    ) d
                    join sample.slot t on t.slot = d.slot
                    join sample.customer c on c.customer_id = t.customer_id
                    cross join lateral (select v_minutes[d.minute_no] as quantile, v_minutes[d.minute_no + 1] as next_quantile offset 0) m
                    cross join lateral (
                        select sample.hash(p_seed, d.order_id, 33) as h2, sample.uniform(sample.hash(p_seed, d.order_id, 34)) as size,
                            sample.uniform(sample.hash(p_seed, d.order_id, 35)) as fate, sample.uniform(sample.hash(p_seed, d.order_id, 36)) as wait,
                            sample.uniform(sample.hash(p_seed, d.order_id, 37)) as late, sample.uniform(sample.hash(p_seed, d.order_id, 38)) as pay offset 0
                    ) h
                    offset 0
                ) o
                offset 0
            ) o
            offset 0
        ) t
        offset 0
    ) s
    join sample.rate r on r.currency = s.currency and r.month_no = s.month_no
    cross join lateral (
        select d.p1, sample.product_beside(d.p1, v_companions, d.h2, 620, d.p2) as p2,
            sample.product_beside(d.p1, v_second_companions, d.h3, 380, d.p3) as p3,
            sample.product_beside(d.p3, v_companions, d.h4, 480, d.p4) as p4, d.p5, d.p6, d.p7, d.p8
        from (
            select g.*, sample.product_drawn(g.h1, v_kinds, v_variants) as p1, sample.product_drawn(g.h2, v_kinds, v_variants) as p2,
                sample.product_drawn(g.h3, v_kinds, v_variants) as p3, sample.product_drawn(g.h4, v_kinds, v_variants) as p4,
                sample.product_drawn(g.h5, v_kinds, v_variants) as p5, sample.product_drawn(g.h6, v_kinds, v_variants) as p6,
                sample.product_drawn(g.h7, v_kinds, v_variants) as p7, sample.product_drawn(g.h8, v_kinds, v_variants) as p8
            from (
                select sample.hash(p_seed, s.order_id, 41) as h1, sample.hash(p_seed, s.order_id, 42) as h2, sample.hash(p_seed, s.order_id, 43) as h3,
                    sample.hash(p_seed, s.order_id, 44) as h4, sample.hash(p_seed, s.order_id, 45) as h5, sample.hash(p_seed, s.order_id, 46) as h6,
                    sample.hash(p_seed, s.order_id, 47) as h7, sample.hash(p_seed, s.order_id, 48) as h8
                offset 0
            ) g
            offset 0
        ) d
        offset 0
    ) b;
    analyze sample.purchase;
end
$$;
