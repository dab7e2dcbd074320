-- Rows that only some may see. The owner, and so every definer function, is not bound by policies.
alter table shop.orders enable row level security;

drop policy if exists logistics_fulfilment on shop.orders;
create policy logistics_fulfilment on shop.orders for select to logistics
    using (status in ('paid', 'shipped', 'delivered', 'returned'));
comment on policy logistics_fulfilment on shop.orders is 'orders that are or were to be fulfilled: paid, shipped, delivered, returned';

drop policy if exists all_rows on shop.orders;
create policy all_rows on shop.orders for select to masker, privacy using (true);
comment on policy all_rows on shop.orders is 'all orders';
