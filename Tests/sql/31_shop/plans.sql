-- Every index of the shop that is no key serves a question that is asked: by a query, a trigger, a foreign key or a person's request.
begin;
\ir ../support.psql
select * from no_plan();
set local role emporium_owner;
select ok(count(*) > 0, 'a shop to plan for, with statistics') from sample.generate(2000, 8000, 1);
reset role;
create function pg_temp.plan(p_sql text) returns text language plpgsql as $$
declare
    v_line text;
    v_plan text := '';
begin
    for v_line in execute 'explain (costs off) ' || p_sql loop
        v_plan := v_plan || v_line || E'\n';
    end loop;
    return v_plan;
end
$$;
create temp table question (index_name text, asked_by text, sql text);
insert into question values
    ('orders_order_date_idx', 'stock_runs_out: what was sold in a window', $$select i.product_id, sum(i.quantity) from analytics.orders o join analytics.order_items i using (order_id)
        where o.order_date >= '2025-12-30' and o.order_date < '2026-01-01' and o.status <> 'cancelled' group by 1$$),
    ('orders_customer_id_order_date_idx', 'shop.product_reviews_changed(): a customer''s orders', 'select order_id from shop.orders where customer_id = 7 and order_date <= now()'),
    ('order_items_product_id_idx', 'shop.remove_product(): was it ever ordered', 'select from shop.order_items where product_id = 7'),
    ('product_reviews_customer_id_idx', 'a person''s reviews', 'select * from shop.product_reviews where customer_id = 7'),
    ('product_reviews_product_id_customer_id_key', 'a product''s reviews', 'select * from shop.product_reviews where product_id = 7'),
    ('customers_email_idx', 'a person by e-mail', $$select * from shop.customers where lower(email) = 'a@example.com'$$),
    ('customers_country_idx', 'customers of a country', $$select customer_id from shop.customers where country = 'JP'$$),
    ('customer_member_membership_id_idx', 'a member''s accounts', 'select * from shop.customer_member where membership_id = (select min(membership_id) from shop.customer_member)'),
    ('price_history_product_id_idx', 'a product''s prices', 'select * from shop.price_history where product_id = 7 order by changed_at'),
    ('stock_movement_product_id_idx', 'a product''s stock movements', 'select * from shop.stock_movement where product_id = 7 order by moved_at');
select matches(pg_temp.plan(sql), index_name, index_name || ' for ' || asked_by) from question;
-- Of order sources: the lines of an order, the versions of a record; what is assembled is read whole.
-- Small tables: read whole, and their indexes serve the foreign key alone. customer_event's is a BRIN: ops.provenance() finds a batch by it among millions.
select bag_eq($$select indexrelid::regclass::text from pg_index i join pg_class c on c.oid = indrelid where relnamespace = 'shop'::regnamespace and not indisunique$$,
    $$select 'shop.' || index_name from question where index_name not like '%\_key' union all select * from unnest('{shop.suppliers_country_idx,shop.products_supplier_id_idx,shop.country_alias_country_idx,shop.customer_event_batch_id_idx,shop.source_supplier_id_idx,shop.source_order_details_order_key_idx,shop.source_version_source_idx}'::text[])
    union all select * from unnest('{shop.order_removal_line_product_id_idx,shop.order_removal_order_customer_id_idx}'::text[])$$,
    'and there is no other index');
select * from finish();
rollback;
