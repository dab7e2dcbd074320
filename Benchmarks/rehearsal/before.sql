-- What migration 0025 has changed, as it was: a line's product is looked for at once, before the statement's stock is taken.
alter table shop.order_items alter constraint order_items_product_id_fkey not deferrable;
