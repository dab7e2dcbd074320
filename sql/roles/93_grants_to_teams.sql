-- What teams of people may do. Nothing is granted to PUBLIC, nothing on partitions, nothing to be passed on.

-- logistics: what was bought, how heavy it is and where it goes; goods that come in.
grant usage on schema shop, analytics to logistics;
grant select (order_id, order_date, status, shipping_address, currency) on shop.orders to logistics;
grant select (order_id, product_id, quantity) on shop.order_items to logistics;
grant select (product_id, name, price, supplier_id, stock_quantity, weight, dimensions) on shop.products to logistics;
grant select (supplier_id, company_name, country, lead_time) on shop.suppliers to logistics;
grant select (order_id, status, changed_at) on shop.order_status_history to logistics;
grant select on shop.item, shop.order_status_transition, shop.country, shop.currency to logistics;
grant select (product_id, retired_at) on shop.product_retirement to logistics;
grant select on shop.sales_transaction to logistics;
grant execute on function shop.advance_order(bigint, shop.order_status), shop.receive_stock(bigint, integer, text) to logistics;

-- analytics: every view of its schema, and nothing else. privacy.make_masked_views() grants those it makes; any other has
-- its line here, or below where masker owns it.
grant usage on schema analytics to analytics;
grant select on analytics.daily_rate to analytics;

-- sales: what is sold and for how much.
grant usage on schema shop to sales;
grant select on shop.products, shop.item, shop.country, shop.currency to sales;
grant insert (name, category, subcategory, price, cost, supplier_id, stock_quantity, weight, dimensions) on shop.products to sales;
grant update (name, category, subcategory, price, cost, supplier_id, weight, dimensions) on shop.products to sales;
grant select (supplier_id, company_name, country, lead_time) on shop.suppliers to sales;
grant select (price_change_id, product_id, price, changed_at) on shop.price_history to sales;
grant select (product_id, retired_at) on shop.product_retirement to sales;
grant execute on function shop.remove_product(bigint) to sales;
-- A check constraint of shop.products calls it with the writer's rights.
grant execute on function shop.dimensions_rule(text) to sales;

-- privacy: whatever is kept about a person, and where it came from.
grant usage on schema privacy, membership, shop, staging, ops, events to privacy;
grant select on privacy.column_class, privacy.unclassified to privacy;
grant select on membership.member, membership.policy, shop.customers, shop.customer_member, shop.orders, shop.order_items,
    shop.product_reviews, shop.suppliers, shop.customer_event, shop.customer_version, staging.reject to privacy;
grant select on public.events, events.enriched, events.message to privacy;
grant execute on function
    events.id_text(uuid, text), events.uuid_ulid(text), events.base32_text(bigint), events.instant_text(timestamptz),
    events.id_form(text), events.id_uuid(text), events.ulid_uuid(text), events.base32_digit(text, integer), events.base32_value(text, integer),
    events.package_id(uuid), events.ordinal(uuid), events.correlated_at(uuid), events.package_status(uuid), events.trace(uuid),
    events.document(jsonb, text, timestamptz, uuid, text, text, text, uuid, text, uuid, text, text, numeric, text, uuid, timestamptz, bigint),
    ops.archive_find(uuid), ops.archive_of(text, bigint, bigint)
to privacy;
grant select on ops.archive_object, ops.archive_piece, ops.archive_kept, ops.outbox_message to privacy;
grant select on ops.batch, ops.source_file, ops.run, ops.rule, ops.feed to privacy;

-- membership_reader: what members buy, with their membership_id.
grant usage on schema shop, analytics to membership_reader;
grant select on shop.customer_member, shop.sales_transaction to membership_reader;

-- What is masker's to grant.
set local role masker;
grant select on analytics.sales_transaction to analytics, logistics, membership_reader;
set local role none;
