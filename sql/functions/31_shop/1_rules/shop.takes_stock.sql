create or replace function shop.takes_stock(p_status shop.order_status) returns boolean
language sql immutable parallel safe
begin atomic
    select p_status not in ('cancelled', 'returned');
end;
comment on function shop.takes_stock is 'whether the items of an order with this status are off the stock';
