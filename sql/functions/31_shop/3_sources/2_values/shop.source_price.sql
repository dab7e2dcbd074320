create or replace function shop.source_price(p_price numeric, p_rate numeric, p_decimals integer) returns numeric
language sql immutable parallel safe
begin atomic
    -- A price of an order system in the shop's currency, at most the highest that shop.amount takes.
    select case when p_rate = 1 then p_price else least(round(p_price * p_rate, p_decimals), 999999999999) end;
end;
