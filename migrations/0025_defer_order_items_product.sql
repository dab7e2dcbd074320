-- Lines of orders look for their product at commit, after their statement has taken the stock. Looked for at once, each order
-- shared a lock of the product's row with those that were changing its stock, and a product that everybody wants had a
-- multixact for every version of its row, to be read by all who came after: docs/black-friday.md has what that cost.
-- A product that is not there is still 23503, order_items_product_id_fkey: at commit, or at set constraints all immediate.
alter table shop.order_items alter constraint order_items_product_id_fkey deferrable initially deferred;
