create or replace function shop.judged_source_orders(
    p_values text[], p_zone text, p_decimals integer, p_earliest date, p_latest date
) returns table (
    failures text, customer_key text, employee_key text, ordered_at timestamptz, ordered_on date, has_time boolean,
    paid_at timestamptz, paid_on date, shipped_at timestamptz, shipped_on date, status shop.order_status, payment_method text,
    unused jsonb
)
language sql stable
begin atomic
-- One order of an order system, see shop.judged_source_customers(). A date that cannot be read refuses the order: what it was paid
-- and shipped on decides what it counts for.
select
    concat_ws(',', shop.source_key_rule('order_id', t.order_id), shop.source_key_rule('customer_id', t.customer_key),
        case when t.ordered_sent is null then 'order_date_missing'
            else shop.source_day_rule('order_date', t.ordered_sent, t.ordered_on, p_earliest, p_latest) end,
        shop.source_day_rule('paid_date', t.paid_sent, t.paid_on, p_earliest, p_latest),
        shop.source_day_rule('shipped_date', t.shipped_sent, t.shipped_on, p_earliest, p_latest),
        case when t.status_sent is null then 'status_missing' when t.status is null then 'status_unknown' else '' end),
    t.customer_key, t.employee_key, coalesce(t.ordered_at, t.ordered_on::timestamp at time zone 'UTC'), t.ordered_on,
    t.ordered_at is not null, t.paid_at, t.paid_on, t.shipped_at, t.shipped_on, t.status, t.payment_method,
    nullif(jsonb_strip_nulls(jsonb_build_object(
        'employee_id', case when t.employee_key is null then t.employee_sent end,
        'payment_method', case when t.payment_method is null then t.payment_sent end)), '{}')
from (
    select r.*,
        coalesce(r.ordered_day, (r.ordered_at at time zone p_zone)::date) as ordered_on,
        coalesce(r.paid_day, (r.paid_at at time zone p_zone)::date) as paid_on,
        coalesce(r.shipped_day, (r.shipped_at at time zone p_zone)::date) as shipped_on
    from (
        select q.*,
            shop.source_words(q.employee_sent, 100) as employee_key,
            shop.calendar_day(q.ordered_sent) as ordered_day, shop.source_instant(q.ordered_sent, p_zone) as ordered_at,
            shop.calendar_day(q.paid_sent) as paid_day, shop.source_instant(q.paid_sent, p_zone) as paid_at,
            shop.calendar_day(q.shipped_sent) as shipped_day, shop.source_instant(q.shipped_sent, p_zone) as shipped_at,
            shop.source_status(q.status_sent) as status,
            case when shop.payment_method_rule(lower(q.payment_sent)) = '' then lower(q.payment_sent) end as payment_method
        from (
            select staging.bare_text(p_values[1]) as order_id, staging.bare_text(p_values[2]) as customer_key,
                staging.bare_text(p_values[3]) as employee_sent, staging.bare_text(p_values[4]) as ordered_sent,
                staging.bare_text(p_values[5]) as paid_sent, staging.bare_text(p_values[6]) as shipped_sent,
                staging.bare_text(p_values[7]) as status_sent, staging.bare_text(p_values[8]) as payment_sent
            offset 0
        ) q
        offset 0
    ) r
    offset 0
) t;
end;
