-- Duplicate orders: whoever promotes what was loaded takes away what was loaded twice, and puts it back. Neither shows more of
-- a person than his number; what was removed, addresses included, the privacy team reads.
grant usage on schema shop to promoter;
grant execute on function shop.remove_duplicate_orders(text, text, boolean), shop.restore_orders(bigint) to promoter;
grant select on shop.order_removal to promoter;
grant select on shop.order_removal, shop.order_removal_order, shop.order_removal_line to privacy;
