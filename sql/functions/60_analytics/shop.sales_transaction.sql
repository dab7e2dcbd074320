create or replace view shop.sales_transaction with (security_invoker = true) as
select order_id, order_date, status, membership_id, items_bought, total_items_price, total_items_weight, currency
from analytics.sales_transaction;

comment on view shop.sales_transaction is 'transactions of members, in the sales side''s words: what was bought, for how much, how heavy; the rows of analytics.sales_transaction';
comment on column shop.sales_transaction.membership_id is 'in clear for roles with reads_personal, else the stable member_key';
comment on column shop.sales_transaction.items_bought is 'array of {product_id, item_name, quantity} by product_id';
comment on column shop.sales_transaction.total_items_price is 'in the order''s currency, less discounts';
comment on column shop.sales_transaction.total_items_weight is 'kg; null where the weight of any item is unknown';
