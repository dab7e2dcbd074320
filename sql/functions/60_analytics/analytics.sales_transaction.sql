-- Made as masker, who owns it: it shows what masker may read, to whoever may read it.
set local role masker;

create or replace view analytics.sales_transaction with (security_barrier = true) as
select o.order_id, o.order_date, o.status,
    case when (select pg_has_role(current_user, 'reads_personal', 'member')) then m.membership_id else m.member_key::text end as membership_id,
    i.items_bought, o.total_amount::numeric as total_items_price, i.total_items_weight, o.currency
from shop.orders o
join shop.customer_member c on c.customer_id = o.customer_id
join membership.member m on m.membership_id = c.membership_id
-- Lateral, so that a few orders are a few index look-ups.
cross join lateral (
    select coalesce(jsonb_agg(jsonb_build_object('product_id', l.product_id, 'item_name', p.name, 'quantity', l.quantity)
            order by l.product_id), '[]') as items_bought,
        case when bool_and(p.weight is not null) is not false then coalesce(sum(l.quantity * p.weight), 0) end as total_items_weight
    from shop.order_items l
    join shop.products p on p.product_id = l.product_id
    where l.order_id = o.order_id
) i;

comment on view analytics.sales_transaction is 'orders of members, one a row, in the sales side''s words; orders of customers who are no members are in analytics.orders';
comment on column analytics.sales_transaction.membership_id is 'in clear for roles with reads_personal, else the stable member_key';
comment on column analytics.sales_transaction.items_bought is 'array of {product_id, item_name, quantity} by product_id; item_name is today''s';
comment on column analytics.sales_transaction.total_items_price is 'what the items cost together, less discounts, in the order''s currency';
comment on column analytics.sales_transaction.total_items_weight is 'kg, by today''s weights; null where that of any item is unknown: a sum of the others would be too little';

set local role emporium_owner;
