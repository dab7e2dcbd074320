-- What every column of schema sample is: people that are made up, and nothing that analysts need. A line that goes from here goes
-- from the table.
with listed (table_name, column_name, class, mask, purpose, retention) as (values
    ('aside', 'aside_id', 'not_personal', 'omit', '', null),
    ('aside', 'restore', 'not_personal', 'omit', '', null),
    ('calendar', 'day_no', 'not_personal', 'omit', '', null),
    ('calendar', 'day', 'not_personal', 'omit', '', null),
    ('calendar', 'orders_before', 'not_personal', 'omit', '', null),
    ('calendar', 'orders', 'not_personal', 'omit', '', null),
    ('calendar', 'slots', 'not_personal', 'omit', '', null),
    ('calendar', 'slots_before', 'not_personal', 'omit', '', null),
    ('calendar', 'busy', 'not_personal', 'omit', '', null),
    ('customer', 'customer_id', 'not_personal', 'omit', '', null),
    ('customer', 'first_name', 'not_personal', 'omit', '', null),
    ('customer', 'last_name', 'not_personal', 'omit', '', null),
    ('customer', 'email', 'not_personal', 'omit', '', null),
    ('customer', 'country', 'not_personal', 'omit', '', null),
    ('customer', 'currency', 'not_personal', 'omit', '', null),
    ('customer', 'zone', 'not_personal', 'omit', '', null),
    ('customer', 'distance', 'not_personal', 'omit', '', null),
    ('customer', 'invoices', 'not_personal', 'omit', '', null),
    ('customer', 'city', 'not_personal', 'omit', '', null),
    ('customer', 'postal_code', 'not_personal', 'omit', '', null),
    ('customer', 'address', 'not_personal', 'omit', '', null),
    ('customer', 'phone_number', 'not_personal', 'omit', '', null),
    ('customer', 'registered_at', 'not_personal', 'omit', '', null),
    ('customer', 'registered_on', 'not_personal', 'omit', '', null),
    ('customer', 'date_of_birth', 'not_personal', 'omit', '', null),
    ('customer', 'is_member', 'not_personal', 'omit', '', null),
    ('customer', 'slots', 'not_personal', 'omit', '', null),
    ('customer', 'slots_to', 'not_personal', 'omit', '', null),
    ('month', 'month_no', 'not_personal', 'omit', '', null),
    ('month', 'starts_at', 'not_personal', 'omit', '', null),
    ('product', 'product_id', 'not_personal', 'omit', '', null),
    ('product', 'name', 'not_personal', 'omit', '', null),
    ('product', 'noun', 'not_personal', 'omit', '', null),
    ('product', 'category', 'not_personal', 'omit', '', null),
    ('product', 'subcategory', 'not_personal', 'omit', '', null),
    ('product', 'supplier_id', 'not_personal', 'omit', '', null),
    ('product', 'cents', 'not_personal', 'omit', '', null),
    ('product', 'cost', 'not_personal', 'omit', '', null),
    ('product', 'weight', 'not_personal', 'omit', '', null),
    ('product', 'dimensions', 'not_personal', 'omit', '', null),
    ('product', 'consumable', 'not_personal', 'omit', '', null),
    ('product', 'quality', 'not_personal', 'omit', '', null),
    ('product', 'retired_at', 'not_personal', 'omit', '', null),
    ('purchase', 'order_id', 'not_personal', 'omit', '', null),
    ('purchase', 'customer_id', 'not_personal', 'omit', '', null),
    ('purchase', 'ordered_at', 'not_personal', 'omit', '', null),
    ('purchase', 'month_no', 'not_personal', 'omit', '', null),
    ('purchase', 'busy', 'not_personal', 'omit', '', null),
    ('purchase', 'currency', 'not_personal', 'omit', '', null),
    ('purchase', 'cents_factor', 'not_personal', 'omit', '', null),
    ('purchase', 'unit', 'not_personal', 'omit', '', null),
    ('purchase', 'address', 'not_personal', 'omit', '', null),
    ('purchase', 'payment_method', 'not_personal', 'omit', '', null),
    ('purchase', 'status', 'not_personal', 'omit', '', null),
    ('purchase', 'paid_at', 'not_personal', 'omit', '', null),
    ('purchase', 'shipped_at', 'not_personal', 'omit', '', null),
    ('purchase', 'delivered_at', 'not_personal', 'omit', '', null),
    ('purchase', 'returned_at', 'not_personal', 'omit', '', null),
    ('purchase', 'cancelled_at', 'not_personal', 'omit', '', null),
    ('purchase', 'products', 'not_personal', 'omit', '', null),
    ('rate', 'currency', 'not_personal', 'omit', '', null),
    ('rate', 'month_no', 'not_personal', 'omit', '', null),
    ('rate', 'rate', 'not_personal', 'omit', '', null),
    ('rate', 'cents_factor', 'not_personal', 'omit', '', null),
    ('rate', 'unit', 'not_personal', 'omit', '', null),
    ('rate', 'drawn', 'not_personal', 'omit', '', null),
    ('slot', 'slot', 'not_personal', 'omit', '', null),
    ('slot', 'customer_id', 'not_personal', 'omit', '', null)
), gone as (
    delete from privacy.column_class k
    where k.schema_name = 'sample'
        and not exists (select from listed l where (l.table_name, l.column_name) = (k.table_name, k.column_name))
)
insert into privacy.column_class as k (schema_name, table_name, column_name, class, mask, purpose, retention)
select 'sample', table_name, column_name, class::privacy.data_class, mask, purpose, retention::interval from listed
on conflict on constraint column_class_pkey do update
set class = excluded.class, mask = excluded.mask, purpose = excluded.purpose, retention = excluded.retention
where (k.class, k.mask, k.purpose, k.retention)
    is distinct from (excluded.class, excluded.mask, excluded.purpose, excluded.retention);

select privacy.make_masked_views();
