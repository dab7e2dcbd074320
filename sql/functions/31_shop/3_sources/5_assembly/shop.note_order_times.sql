create or replace function shop.note_order_times(p_source shop.source, p_orders bigint[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' set enable_nestloop = off as $$
-- For orders that have been taken or changed: since when they were paid and shipped, by their source, as far as they have come;
-- and which of them have a day without a time. A status whose time the source does not send has no row in the history, rather than
-- the time of loading.
begin
    delete from shop.order_status_history h
    using shop.source_orders s, unnest(p_orders) as p (order_id)
    where s.source = p_source.source and s.order_id = p.order_id and h.order_id = p.order_id and h.status <> 'pending'
        and case h.status when 'paid' then s.paid_on when 'shipped' then s.shipped_on end is null;

    insert into shop.order_status_history as h (order_id, status, changed_at)
    select s.order_id, v.status, v.at
    from unnest(p_orders) as p (order_id)
    join shop.source_orders s using (order_id)
    join shop.orders o using (order_id)
    cross join lateral (values
        ('pending'::shop.order_status, s.ordered_at),
        ('paid', case when o.status in ('paid', 'shipped', 'delivered', 'returned')
            then coalesce(s.paid_at, case when s.paid_on = s.ordered_on then s.ordered_at end, s.paid_on::timestamptz) end),
        ('shipped', case when o.status in ('shipped', 'delivered', 'returned')
            then coalesce(s.shipped_at, case when s.shipped_on = s.ordered_on then s.ordered_at end, s.shipped_on::timestamptz) end)
    ) as v (status, at)
    where s.source = p_source.source and v.at is not null
    on conflict on constraint order_status_history_pkey do update set changed_at = excluded.changed_at
    where h.changed_at <> excluded.changed_at;

    insert into shop.order_without_time (order_id)
    select order_id
    from unnest(p_orders) as p (order_id)
    join shop.source_orders s using (order_id)
    where s.source = p_source.source and not s.has_time
    order by order_id
    on conflict on constraint order_without_time_pkey do nothing;
    delete from shop.order_without_time w
    using shop.source_orders s, unnest(p_orders) as p (order_id)
    where s.source = p_source.source and s.order_id = p.order_id and w.order_id = p.order_id and s.has_time;
end
$$;
