-- Orders that break a rule across rows: none, at any commit. shop.check_orders() asks it for the orders a transaction has
-- touched, sample.generate() for all of them; one place for the rules of both.
create or replace view shop.order_fault with (security_invoker = true) as
select o.order_id, f.constraint_name
from shop.orders o
join shop.currency c on c.currency = o.currency
-- Lateral, so that a condition on order_id is an index look-up, however few or many orders are asked for.
cross join lateral (
    select count(*) as lines, coalesce(sum(i.total_price), 0) as total,
        max(greatest(min_scale(i.unit_price), min_scale(i.discount_amount), min_scale(i.total_price))) as decimals
    from shop.order_items i
    where i.order_id = o.order_id
) s
cross join lateral (
    select case
        when s.lines = 0 and o.status <> 'cancelled' then 'orders_items_check'
        when s.total <> o.total_amount then 'orders_total_amount_check'
        when s.decimals > c.minor_units or min_scale(o.total_amount) > c.minor_units then 'orders_currency_check'
    end
) f (constraint_name)
where f.constraint_name is not null;

comment on view shop.order_fault is
    'orders without items that are not cancelled, whose total is not the sum of their items, or with amounts finer than their currency has: always empty';
